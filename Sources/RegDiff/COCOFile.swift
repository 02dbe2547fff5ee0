// SPDX-License-Identifier: Apache-2.0

/// What COCO annotations say, as little of it as comparing takes.
struct COCOFile {
    struct Image {
        var name = ""
        /// 0 where they are not known.
        var width: UInt32 = 0
        var height: UInt32 = 0
        /// The hash of what else is known of it.
        var rest: UInt64 = 0
        /// Whether it was listed; else annotations only mention it.
        var isListed = false
        let id: Int64
    }

    struct Category {
        var name = ""
        var rest: UInt64 = 0
        var isListed = false
        let id: Int64
    }

    /// By their slots, which annotations have in the place of ids.
    var images: [Image] = []
    var categories: [Category] = []
    var boxes: [BoxRecord] = []
    private var imageSlots: [Int64: UInt32] = [:]
    private var categorySlots: [Int64: UInt32] = [:]

    /// Of an annotation without a category.
    static let noLabel = UInt32.max

    /// What may be kept of both files of a comparison.
    struct Room {
        static let boxLimit = 2_000_000
        static let imageLimit = 400_000
        static let categoryLimit = 100_000
        static let nameByteLimit = 48 << 20

        var boxCount = 0
        var imageCount = 0
        var categoryCount = 0
        var nameByteCount = 0
    }

    /// The annotations that a stream holds; nil where it is no COCO.
    ///
    /// - Throws: `ContentError` where it is not sound or too large, and whatever reading fails with.
    static func read(_ stream: ByteStream, _ room: inout Room) throws -> COCOFile? {
        var reader = JSONReader(stream)
        let file = Result { () throws(ContentError) in try read(&reader, &room) }
        if let failure = reader.stream.failure { throw failure }
        return try file.get()
    }

    /// The annotations of a file; nil where it has not two of the three lists of COCO.
    ///
    /// - Throws: where it has, but is not sound or too large.
    static func read(_ reader: inout JSONReader, _ room: inout Room) throws(ContentError) -> COCOFile? {
        var file = COCOFile()
        var lists: Set<String> = []
        do {
            guard try reader.kind() == .object else { return nil }
            try reader.members { (reader, key) throws(ContentError) in
                guard ["images", "annotations", "categories"].contains(key), try reader.kind() == .array,
                    lists.insert(key).inserted
                else {
                    _ = try reader.hash()
                    return
                }
                try reader.elements { (reader) throws(ContentError) in
                    switch key {
                    case "images": try file.readImage(&reader, &room)
                    case "categories": try file.readCategory(&reader, &room)
                    default: try file.readBox(&reader, &room)
                    }
                }
            }
            try reader.end()
        } catch {
            if lists.count < 2 { return nil }
            throw error
        }
        return lists.count < 2 ? nil : file
    }

    private mutating func slot(ofImage id: Int64, _ room: inout Room) throws(ContentError) -> Int {
        if let slot = imageSlots[id] { return Int(slot) }
        room.imageCount += 1
        guard room.imageCount <= Room.imageLimit else {
            throw ContentError("both files have more than \(Room.imageLimit) images")
        }
        imageSlots[id] = UInt32(images.count)
        images.append(Image(id: id))
        return images.count - 1
    }

    private mutating func slot(ofCategory id: Int64, _ room: inout Room) throws(ContentError) -> Int {
        if let slot = categorySlots[id] { return Int(slot) }
        room.categoryCount += 1
        guard room.categoryCount <= Room.categoryLimit else {
            throw ContentError("both files have more than \(Room.categoryLimit) categories")
        }
        categorySlots[id] = UInt32(categories.count)
        categories.append(Category(id: id))
        return categories.count - 1
    }

    func image(withID id: Int64) -> Int? { imageSlots[id].map { Int($0) } }
    func category(withID id: Int64) -> Int? { categorySlots[id].map { Int($0) } }

    private mutating func readImage(_ reader: inout JSONReader, _ room: inout Room) throws(ContentError) {
        var image = Image(isListed: true, id: 0)
        var id: Int64?
        try reader.members { (reader, key) throws(ContentError) in
            switch (key, try reader.kind()) {
            case ("id", .number?): id = try reader.number().integer
            case ("file_name", .text?): image.name = try reader.text()
            case ("width", .number?): image.width = try reader.size()
            case ("height", .number?): image.height = try reader.size()
            default: image.rest &+= JSONReader.hash(ofMember: key, try reader.hash())
            }
        }
        guard let id else { throw reader.failure("an image has no id") }
        try room.take(image.name)
        let slot = try slot(ofImage: id, &room)
        images[slot] = Image(
            name: image.name, width: image.width, height: image.height, rest: image.rest, isListed: true,
            id: id)
    }

    private mutating func readCategory(_ reader: inout JSONReader, _ room: inout Room) throws(ContentError) {
        var category = Category(id: 0)
        var id: Int64?
        try reader.members { (reader, key) throws(ContentError) in
            switch (key, try reader.kind()) {
            case ("id", .number?): id = try reader.number().integer
            case ("name", .text?): category.name = try reader.text()
            default: category.rest &+= JSONReader.hash(ofMember: key, try reader.hash())
            }
        }
        guard let id else { throw reader.failure("a category has no id") }
        try room.take(category.name)
        let slot = try slot(ofCategory: id, &room)
        categories[slot] = Category(name: category.name, rest: category.rest, isListed: true, id: id)
    }

    private mutating func readBox(_ reader: inout JSONReader, _ room: inout Room) throws(ContentError) {
        var (id, image, category) = (Int64?.none, Int64?.none, Int64?.none)
        var (x, y, width, height) = (Double.nan, 0.0, 0.0, 0.0)
        var rest: UInt64 = 0
        try reader.members { (reader, key) throws(ContentError) in
            switch (key, try reader.kind()) {
            case ("id", .number?): id = try reader.number().integer
            case ("image_id", .number?): image = try reader.number().integer
            case ("category_id", .number?): category = try reader.number().integer
            case ("bbox", .array?):
                var count = 0
                var (first, second) = (0.0, 0.0)
                try reader.elements { (reader) throws(ContentError) in
                    guard try reader.kind() == .number else { throw reader.failure("a box is not sound") }
                    // Not -0, which would be another box.
                    let value = try reader.number().value + 0
                    switch count {
                    case 0: first = value
                    case 1: second = value
                    case 2: width = value
                    case 3: height = value
                    default: break
                    }
                    count += 1
                }
                guard count == 4 || count == 0, !first.isNaN else {
                    throw reader.failure("a box is not sound")
                }
                if count == 4 { (x, y) = (first, second) }
            default: rest &+= JSONReader.hash(ofMember: key, try reader.hash())
            }
        }
        guard let id, let image else { throw reader.failure("an annotation has no id, or no image") }
        room.boxCount += 1
        guard room.boxCount <= Room.boxLimit else {
            throw ContentError("both files have more than \(Room.boxLimit) annotations")
        }
        let imageSlot = UInt32(try slot(ofImage: image, &room))
        let label = try category.map { category throws(ContentError) in
            UInt32(try slot(ofCategory: category, &room))
        }
        boxes.append(
            BoxRecord(
                id: id, x: x, y: y, width: width, height: height, rest: rest, image: imageSlot,
                label: label ?? COCOFile.noLabel))
    }
}

extension JSONReader {
    /// A width or a height; 0 for what cannot be one.
    fileprivate mutating func size() throws(ContentError) -> UInt32 {
        try number().integer.flatMap { UInt32(exactly: $0) } ?? 0
    }
}

extension COCOFile.Room {
    fileprivate mutating func take(_ name: String) throws(ContentError) {
        nameByteCount += name.utf8.count
        guard nameByteCount <= Self.nameByteLimit else {
            throw ContentError("both files have more than \(Self.nameByteLimit >> 20) MiB of names")
        }
    }
}
