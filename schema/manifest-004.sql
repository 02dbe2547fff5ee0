-- SPDX-License-Identifier: Apache-2.0
-- Version 4: chunks that are coded against others.

-- The bases, the nearest first, 33 bytes each: pack, offset, stored length, codec, raw length; NULL without any.
ALTER TABLE chunk ADD COLUMN bases BLOB;
