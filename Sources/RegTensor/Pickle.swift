// SPDX-License-Identifier: Apache-2.0

internal import RegBytes

/// What a pickle of Python describes, as data: nothing is looked up, made or called.
///
/// Read with a stack like Python's own, but what would be a call only leaves a note of what it would be. Numbers,
/// texts, lists and dictionaries are kept, PyTorch's storages and tensors are understood, all else is opaque.
/// - SeeAlso: docs/format.md, "Chunking"; Lib/pickletools.py of CPython.
struct Pickle {
    /// Values are named by their place in ``nodes``, so that none is nested in memory, whatever refers to what.
    typealias ID = Int

    enum Node {
        case opaque
        case integer(Int64)
        case text(String)
        /// `module name`.
        case global(String)
        /// A tuple, list or set: the place of its elements in ``lists``.
        case list(Int)
        /// The place of its keys and values, in turn, in ``lists``.
        case dictionary(Int)
        /// The place in ``storages``.
        case storage(Int)
        /// The place in ``tensors``.
        case tensor(Int)
        /// Something made by a call, and its state.
        case object(state: ID?)
    }

    struct Storage {
        let key: String
        /// The class, for example `torch FloatStorage`.
        let type: String
        let elementCount: UInt64
    }

    struct TensorView {
        /// The place in ``storages``.
        let storage: Int
        /// Of elements.
        let offset: UInt64
        let shape: [UInt64]
        let strides: [UInt64]
        /// Where the storage does not say it, for example `torch float8_e4m3fn`.
        let dtype: String?
    }

    private(set) var nodes: [Node] = []
    private(set) var lists: [[ID]] = []
    private(set) var storages: [Storage] = []
    private(set) var tensors: [TensorView] = []
    private(set) var root: ID = 0

    private var stack: [ID] = []
    /// Heights of the stack.
    private var marks: [Int] = []
    private var memo: [UInt32: ID] = [:]

    private static let nodeLimit = 500_000

    init(_ bytes: [UInt8]) throws(ContainerError) {
        var reader = ByteReader(bytes)
        var place = 0
        do {
            while true {
                place = reader.offset
                let code = try reader.u8()
                if code == UInt8(ascii: ".") { break }
                guard try pushConstant(code, &reader) || changeStack(code, &reader) || build(code, &reader)
                else { throw ContainerError.unknown(offset: UInt64(place)) }
            }
            root = try pop()
        } catch let error as ContainerError {
            throw error
        } catch is ByteError {
            throw .truncated(offset: UInt64(place))
        } catch { throw .malformed(offset: UInt64(place)) }
    }
}

extension Pickle {
    private struct StackError: Error {}

    private mutating func pop() throws -> ID {
        guard stack.count > marks.last ?? 0, let id = stack.popLast() else { throw StackError() }
        return id
    }

    /// What lies on top, which stays.
    private func top() throws -> ID {
        guard stack.count > marks.last ?? 0, let id = stack.last else { throw StackError() }
        return id
    }

    /// All that lies above the last mark.
    private mutating func popMark() throws -> [ID] {
        guard let height = marks.popLast(), height <= stack.count else { throw StackError() }
        defer { stack.removeLast(stack.count - height) }
        return Array(stack[height...])
    }

    private mutating func push(_ node: Node) throws {
        guard nodes.count < Pickle.nodeLimit else { throw ContainerError.tooLarge(offset: 0) }
        stack.append(nodes.count)
        nodes.append(node)
    }

    private mutating func push(list elements: [ID]) throws {
        lists.append(elements)
        try push(.list(lists.count - 1))
    }

    private mutating func push(dictionary pairs: [ID]) throws {
        lists.append(pairs)
        try push(.dictionary(lists.count - 1))
    }

    private mutating func push(text bytes: ArraySlice<UInt8>) throws {
        try push(String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .opaque)
    }

    /// Numbers, texts and names; false for another code.
    private mutating func pushConstant(_ code: UInt8, _ reader: inout ByteReader) throws -> Bool {
        switch code {
        case 0x4e, 0x88, 0x89: try push(.opaque)  // None, True, False
        case UInt8(ascii: "J"): try push(.integer(Int64(Int32(bitPattern: try reader.u32()))))
        case UInt8(ascii: "K"): try push(.integer(Int64(try reader.u8())))
        case UInt8(ascii: "M"): try push(.integer(Int64(try reader.u16())))
        case 0x8a: try push(Pickle.long(try reader.take(Int(try reader.u8()))))
        case 0x8b: try push(Pickle.long(try reader.take(Int(try reader.u32()))))
        case UInt8(ascii: "G"):
            _ = try reader.take(8)
            try push(.opaque)
        case UInt8(ascii: "U"), UInt8(ascii: "C"), 0x8c: try push(text: try reader.take(Int(try reader.u8())))
        case UInt8(ascii: "T"), UInt8(ascii: "B"), UInt8(ascii: "X"):
            try push(text: try reader.take(Int(try reader.u32())))
        case 0x8d, 0x8e, 0x96:
            guard let count = Int(exactly: try reader.u64()) else { throw StackError() }
            try push(text: try reader.take(count))
        case UInt8(ascii: "c"): try push(.global("\(try reader.line()) \(try reader.line())"))
        case 0x93:
            let (name, module) = (text(try pop()), text(try pop()))
            guard let name, let module else { throw StackError() }
            try push(.global("\(module) \(name)"))
        default: return false
        }
        return true
    }

    private static func long(_ bytes: ArraySlice<UInt8>) -> Node {
        guard bytes.count <= 8 else { return .opaque }
        var value: UInt64 = (bytes.last ?? 0) & 0x80 == 0 ? 0 : .max
        for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
        return .integer(Int64(bitPattern: value))
    }

    /// Codes that keep the stack and the memo; false for another one.
    private mutating func changeStack(_ code: UInt8, _ reader: inout ByteReader) throws -> Bool {
        switch code {
        case 0x80: _ = try reader.u8()
        case 0x95: _ = try reader.u64()
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popMark()
        case UInt8(ascii: "2"): stack.append(try top())
        case UInt8(ascii: "q"): memo[UInt32(try reader.u8())] = try top()
        case UInt8(ascii: "r"): memo[try reader.u32()] = try top()
        case 0x94: memo[UInt32(memo.count)] = try top()
        case UInt8(ascii: "h"): try recall(UInt32(try reader.u8()))
        case UInt8(ascii: "j"): try recall(try reader.u32())
        default: return false
        }
        return true
    }

    private mutating func recall(_ key: UInt32) throws {
        guard let id = memo[key] else { throw StackError() }
        stack.append(id)
    }

    /// Codes that put values together; false for another one.
    private mutating func build(_ code: UInt8, _ reader: inout ByteReader) throws -> Bool {
        switch code {
        case UInt8(ascii: ")"), UInt8(ascii: "]"), 0x8f: try push(list: [])
        case UInt8(ascii: "t"), UInt8(ascii: "l"), 0x91: try push(list: try popMark())
        case 0x85: try push(list: [try pop()])
        case 0x86:
            let (second, first) = (try pop(), try pop())
            try push(list: [first, second])
        case 0x87:
            let (third, second, first) = (try pop(), try pop(), try pop())
            try push(list: [first, second, third])
        case UInt8(ascii: "}"): try push(dictionary: [])
        case UInt8(ascii: "d"): try push(dictionary: try popMark())
        case UInt8(ascii: "a"): add([try pop()], to: try top())
        case UInt8(ascii: "s"):
            let (value, key) = (try pop(), try pop())
            add([key, value], to: try top())
        case UInt8(ascii: "e"), UInt8(ascii: "u"), 0x90: add(try popMark(), to: try top())
        case UInt8(ascii: "Q"): try push(persistent(try pop()))
        case UInt8(ascii: "R"), 0x81:
            let (arguments, callee) = (try pop(), try pop())
            try call(callee, arguments)
        case 0x92:
            _ = try pop()
            let (arguments, callee) = (try pop(), try pop())
            try call(callee, arguments)
        case UInt8(ascii: "b"):
            let (state, object) = (try pop(), try top())
            if case .object = nodes[object] { nodes[object] = .object(state: state) }
        default: return false
        }
        return true
    }

    private mutating func add(_ elements: [ID], to id: ID) {
        switch nodes[id] {
        case .list(let place), .dictionary(let place): lists[place] += elements
        default: break  // the elements of something that a call made
        }
    }

    /// What an id stands for that says what is kept outside the pickle: `('storage', class, key, device, elements)`.
    private mutating func persistent(_ id: ID) -> Node {
        guard let parts = list(id), parts.count >= 5, text(parts[0]) == "storage",
            let type = global(parts[1]), let key = text(parts[2]), let count = natural(parts[4])
        else { return .opaque }
        storages.append(Storage(key: key, type: type, elementCount: count))
        return .storage(storages.count - 1)
    }

    /// Pushes what a call would make.
    private mutating func call(_ callee: ID, _ arguments: ID) throws {
        let arguments = list(arguments) ?? []
        switch global(callee) {
        case "collections OrderedDict" where arguments.isEmpty: try push(dictionary: [])
        case "torch._utils _rebuild_tensor_v2" where arguments.count >= 4:
            try push(tensor(arguments, dtype: nil))
        case "torch._utils _rebuild_tensor_v3" where arguments.count >= 7:
            try push(tensor(arguments, dtype: global(arguments[6])))
        case "torch._utils _rebuild_parameter" where !arguments.isEmpty: stack.append(arguments[0])
        default: try push(.object(state: nil))
        }
    }

    private mutating func tensor(_ arguments: [ID], dtype: String?) -> Node {
        guard case .storage(let storage) = nodes[arguments[0]], let offset = natural(arguments[1]),
            let shape = naturals(arguments[2]), let strides = naturals(arguments[3]),
            shape.count == strides.count
        else { return .opaque }
        tensors.append(
            TensorView(storage: storage, offset: offset, shape: shape, strides: strides, dtype: dtype))
        return .tensor(tensors.count - 1)
    }
}

extension Pickle {
    func text(_ id: ID) -> String? {
        if case .text(let text) = nodes[id] { text } else { nil }
    }

    func list(_ id: ID) -> [ID]? {
        if case .list(let place) = nodes[id] { lists[place] } else { nil }
    }

    private func global(_ id: ID) -> String? {
        if case .global(let name) = nodes[id] { name } else { nil }
    }

    private func natural(_ id: ID) -> UInt64? {
        if case .integer(let value) = nodes[id] { UInt64(exactly: value) } else { nil }
    }

    /// The elements of a short list of numbers.
    private func naturals(_ id: ID) -> [UInt64]? {
        guard let elements = list(id), elements.count <= 64 else { return nil }
        let values = elements.compactMap { natural($0) }
        return values.count == elements.count ? values : nil
    }
}

extension Pickle {
    /// Every tensor with the path to it through dictionaries, lists and states, components joined by dots.
    ///
    /// In the order of the pickle; time and memory are bounded, however things refer to each other.
    func namedTensors() -> [(name: String, tensor: TensorView)] {
        let (stepLimit, depthLimit, nameLimit) = (500_000, 32, 4_096)
        var found: [(name: String, tensor: TensorView)] = []
        var waiting: [(id: ID, name: String, depth: Int)] = [(root, "", 0)]
        var stepCount = 0
        while let (id, name, depth) = waiting.popLast() {
            var children: [(ID, String)] = []
            switch nodes[id] {
            case .tensor(let place): found.append((name.isEmpty ? "tensor" : name, tensors[place]))
            case .list(let place):
                children = lists[place].prefix(stepLimit).enumerated().map { ($1, "\($0)") }
            case .dictionary(let place):
                let pairs = lists[place].prefix(stepLimit)
                for index in stride(from: pairs.startIndex, to: pairs.endIndex - 1, by: 2) {
                    if let key = key(pairs[index]) { children.append((pairs[index + 1], key)) }
                }
            case .object(let state?): children = [(state, "")]
            default: break
            }
            guard depth < depthLimit else { continue }
            for (child, key) in children.reversed() {
                let path = [name, key].filter { !$0.isEmpty }.joined(separator: ".")
                // Long names cost more: they take memory.
                stepCount += 1 + path.utf8.count / 64
                guard stepCount <= stepLimit else { return found }
                if path.utf8.count <= nameLimit { waiting.append((child, path, depth + 1)) }
            }
        }
        return found
    }

    private func key(_ id: ID) -> String? {
        switch nodes[id] {
        case .text(let text): text
        case .integer(let value): "\(value)"
        default: nil
        }
    }
}

extension ByteReader {
    /// A line of UTF-8, without its end.
    fileprivate mutating func line() throws -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try u8()
            if byte == UInt8(ascii: "\n") { break }
            bytes.append(byte)
        }
        guard let line = String(validating: bytes, as: UTF8.self) else {
            throw ByteError.truncated(offset: 0)
        }
        return line
    }
}
