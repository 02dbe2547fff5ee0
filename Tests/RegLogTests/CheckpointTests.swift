// SPDX-License-Identifier: Apache-2.0
import RegCodec
import RegHash
import RegLog
import RegStore
import RegTesting
import Testing

@Suite struct CheckpointTests {
    @Test func checkpointsGiveTheLogFromAnyRecordOn() throws {
        var log = try GrowingLog()
        try log.grow(to: 61)
        let tails = [log.start] + (try log.entries(after: log.start).map(\.tail))
        for tail in tails {
            guard let stretch = log.checkpoints.stretch(after: tail) else {
                #expect(tail.number > 56, "as near as that one reads record by record")
                continue
            }
            let found = try entries(of: stretch)
            #expect(found.tail.number == 60)
            #expect(found.entries.map(\.tail) == tails[Int(tail.number + 1)...60].map(\.self))
            let expected = try log.entries(after: tail).map(\.reading)
            #expect(found.entries.map(\.reading) == Array(expected[..<found.entries.count]))
        }
    }

    /// registry.json, two listings, three checkpoints, the anchor, and a record that came after.
    @Test(arguments: [true, false]) func aFreshReaderNeedsEightRequestsAtMost(isListed: Bool) throws {
        var log = try GrowingLog(listsFromAnyName: isListed)
        var chainLength = 0
        for count in Array(0...40) + [333, 334, 1_001] {
            try log.grow(to: UInt64(count))
            let reader = try freshReader(log.store)
            #expect(reader.tail == log.tail)
            #expect(reader.requests <= 8, "\(reader.requests) requests for \(count) records")
            chainLength = max(chainLength, try log.chain().count)
        }
        #expect(chainLength > 1, "more than one checkpoint was read")
    }

    @Test func membersOfAChainGrowAndLittleIsWritten() throws {
        var log = try GrowingLog()
        try log.grow(to: 1_200)
        let sizes = try log.chain().map(\.name.byteCount)
        #expect(sizes.count <= 3, "\(sizes)")
        for (newer, older) in zip(sizes, sizes.dropFirst()) {
            #expect(older >= 32 << 10 && older > newer, "\(sizes)")
        }
        let written = log.keys.reduce(0) { $0 + (log.store[$1]?.count ?? 0) }
        #expect(written / 1_200 < 32 << 10, "\(written / 1_200) bytes a record")
        for checkpoint in try log.chain() {
            let blocks = checkpoint.head.blocks
            for (left, right) in zip(blocks, blocks.dropFirst()) {
                #expect(left.rawLength + right.rawLength > 256 << 10, "blocks that meet are not both short")
            }
        }
        #expect(
            try log.checkpoints.problems(against: try log.entries(after: log.start).map(\.tail.hash)).isEmpty)
    }

    /// 1 MiB records of noise fill blocks of their own, and checkpoints that are read and written in pieces.
    @Test func longRecordsMakeLongCheckpoints() throws {
        var log = try GrowingLog()
        for number in 1...12 as ClosedRange<UInt64> {
            let noise = String(
                decoding: seededBytes(count: (1 << 20) - 500, seed: number).map { 0x30 + $0 % 64 },
                as: UTF8.self)
            try log.append(
                sealed(
                    #"{"reg_record":1,"number":\#(number),"prev":"\#(log.tail.hash.text)","#
                        + #""requires":[],"id":"\#(try id(number).hex)","project":null,"author":"","time":"","#
                        + #""operations":[],"x":"\#(noise.replacing("\\", with: "/"))"}"#))
        }
        #expect(try log.chain().map(\.name.byteCount).reduce(0, +) > 8 << 20)
        let found = try entries(of: try #require(log.checkpoints.stretch(after: log.start)))
        #expect(found.entries.map(\.reading) == (try log.entries(after: log.start).map(\.reading)))
        #expect(found.entries.allSatisfy { if case .record = $0.reading { true } else { false } })
        let middle = try log.entries(after: log.start)[3].tail
        let rest = try entries(of: try #require(log.checkpoints.stretch(after: middle)))
        #expect(rest.entries.map(\.number) == Array(5...12))
    }

    @Test func voidRecordsAreInCheckpointsToo() throws {
        var log = try GrowingLog()
        try log.grow(to: 3)
        try log.append(Array("scribble".utf8))
        try log.grow(to: 12)
        let found = try entries(of: try #require(log.checkpoints.stretch(after: log.start)))
        #expect(found.entries.map(\.reading) == (try log.entries(after: log.start).map(\.reading)))
    }

    @Test func aRecordOfALaterVersionEndsAStretch() throws {
        var log = try GrowingLog()
        try log.grow(to: 3)
        try log.append(
            sealed(#"{"reg_record":2,"prev":"\#(log.tail.hash.text)","new":true}"#), isExtended: false)
        try log.grow(to: 12)
        let found = try entries(of: try #require(log.checkpoints.stretch(after: log.start)))
        #expect(found.entries.map(\.number) == [1, 2, 3] && found.tail.number == 3)
    }

    @Test func racingWritersMakeOneCheckpoint() throws {
        var log = try GrowingLog()
        try log.grow(to: 20)
        let keys = log.keys
        let newest = try #require(keys.first)
        let bytes = try #require(log.store[newest])
        log.store[newest] = nil
        let last = try #require(log.store[.record(20)])
        try log.checkpoints.extend(to: log.tail, last, genesis: log.genesis)
        #expect(log.keys == keys && log.store[newest] == bytes)
    }

    @Test func aWriterGoesOnWhereOthersMadeNone() throws {
        var log = try GrowingLog()
        try log.grow(to: 10)
        try log.grow(to: 31, isExtended: false)
        try log.grow(to: 32)
        #expect(try log.chain().map(\.head.last).first == 32)
        #expect(try freshReader(log.store).requests <= 8)
    }
}

@Suite struct HostileCheckpointTests {
    /// What a reader takes from checkpoints of `log` is what the log holds, or nothing.
    private func expectTruth(_ log: GrowingLog, _ comment: Comment) throws {
        var useless: Set<CheckpointName> = []
        let expected = try log.entries(after: log.start)
        while let stretch = log.checkpoints.stretch(after: log.start, passingOver: useless) {
            guard let found = try? entries(of: stretch) else {
                useless.insert(stretch.newest)
                continue
            }
            #expect(found.entries.map(\.tail) == expected[..<found.entries.count].map(\.tail), comment)
            return
        }
    }

    @Test func aDamagedCheckpointGivesNothingWrong() throws {
        var log = try GrowingLog()
        try log.grow(to: 40)
        let key = try #require(log.keys.first)
        let bytes = try #require(log.store[key])
        for position in stride(from: 0, to: bytes.count, by: 31) {
            var other = bytes
            other[position] ^= 1 << (position % 8)
            log.store[key] = other
            try expectTruth(log, "byte \(position)")
            log.store[key] = Array(bytes[..<position])
            try expectTruth(log, "cut at \(position)")
        }
        log.store[key] = bytes + [0]
        try expectTruth(log, "one byte more")
    }

    @Test func whereTheNewestIsDamagedTheOneBeforeHelps() throws {
        var log = try GrowingLog()
        try log.grow(to: 40)
        let key = try #require(log.keys.first)
        log.store[key] = [1, 2, 3]
        let stretch = try #require(log.checkpoints.stretch(after: log.start))
        #expect(try entries(of: stretch).tail.number == 38)
        let problems = try log.checkpoints.problems(
            against: try log.entries(after: log.start).map(\.tail.hash))
        #expect(problems.map(\.object) == [key])
    }

    /// The same registry, as it went on before a backup was brought back, or as somebody made it up.
    @Test(arguments: [true, false]) func anotherHistoryIsNotTaken(isAnchored: Bool) throws {
        var log = try GrowingLog()
        var other = try GrowingLog()
        let registry = try #require(log.store[.registry])
        other = try GrowingLog(from: registry)
        try other.append(try record(number: 1, prev: other.genesis, id: 77).encoded)
        try other.grow(to: 20)
        try log.grow(to: 20, isExtended: false)
        let forged = try #require(other.chain().first)
        if isAnchored {
            // It names the last record of the true log, so that only reading it shows what it is.
            let head = CheckpointHead(
                first: forged.head.first, last: 20, hash: log.tail.hash, previous: forged.head.previous,
                blocks: forged.head.blocks)
            let bytes = try #require(other.store[forged.name.key])
            try log.add(head.encoded + bytes[forged.head.length...], head)
        } else {
            log.store[forged.name.key] = other.store[forged.name.key]
        }
        try expectTruth(log, "another history")
        if let stretch = log.checkpoints.stretch(after: log.start) {
            #expect(isAnchored)
            #expect(throws: CheckpointError.self) { try entries(of: stretch) }
        }
        #expect(
            try log.checkpoints.problems(against: try log.entries(after: log.start).map(\.tail.hash)).count
                == 1)
        try log.grow(to: 22)
        #expect(try log.chain().last?.head.first == 1, "the next writer makes a chain anew")
        #expect(try entries(of: try #require(log.checkpoints.stretch(after: log.start))).tail == log.tail)
    }

    /// A record that is void need not name the one before: what lies before it is vouched for by the log alone.
    @Test func aVoidRecordHidesNoForgery() throws {
        var log = try GrowingLog()
        var forged = try GrowingLog(from: try #require(log.store[.registry]))
        try forged.append(try record(number: 1, prev: forged.genesis, id: 77).encoded)
        try forged.grow(to: 4)
        try log.grow(to: 4, isExtended: false)
        let void = Array("scribble".utf8)
        try forged.append(void)
        try log.append(void, isExtended: false)
        try log.grow(to: 20, isExtended: false)
        for number in 6...20 as ClosedRange<UInt64> {
            try forged.append(try #require(log.store[.record(number)]))
        }
        #expect(forged.tail == log.tail)
        let key = try #require(forged.keys.first)
        log.store[key] = forged.store[key]
        let stretch = try #require(log.checkpoints.stretch(after: log.start))
        #expect(throws: CheckpointError.self) { try entries(of: stretch) }
    }

    @Test func namesThatLieCostLittle() throws {
        var log = try GrowingLog()
        try log.grow(to: 30)
        for (last, byteCount) in [(1 << 62, 1 << 40), (31, 100), (30, 1 << 62), (29, 0)] as [(UInt64, UInt64)]
        {
            log.store[.checkpoint(last: last, byteCount: byteCount, id: digest(last))] = [1]
        }
        try expectTruth(log, "names that lie")
        let reader = try freshReader(log.store)
        #expect(reader.tail == log.tail && reader.requests < 50)
        try log.grow(to: 32)
        #expect(log.keys.contains { CheckpointName($0.name)?.last == 32 })
    }

    @Test func aChainWithoutItsBeginningIsMadeAnew() throws {
        var log = try GrowingLog()
        while try log.chain().count < 2 { try log.grow(to: log.tail.number + 2) }
        let oldest = try #require(log.chain().last)
        log.store[oldest.name.key] = nil
        #expect(log.checkpoints.stretch(after: log.start)?.newest.last ?? 0 < log.tail.number)
        #expect(try freshReader(log.store).tail == log.tail)
        for key in log.keys { log.store[key] = nil }
        try log.grow(to: log.tail.number + 2)
        #expect(try freshReader(log.store).requests <= 8)
    }
}
