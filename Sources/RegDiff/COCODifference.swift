// SPDX-License-Identifier: Apache-2.0

/// Compares COCO annotations: images, categories and boxes.
package struct COCODifference {
    /// Images with too many boxes that differ to compare each with each.
    package private(set) var crowdedImageCount = 0
    package private(set) var difference = AnnotationDifference(.coco)
    package let oldImages: ImageNames
    package let newImages: ImageNames

    /// What differs between two files; nil where one is no COCO.
    ///
    /// Memory grows by some sixty bytes a box and some hundred an image.
    /// - Throws: `ContentError` where one is not sound or both are too large, and whatever reading fails with.
    package static func between(_ old: ByteStream, _ new: ByteStream) throws -> COCODifference? {
        var room = COCOFile.Room()
        guard var old = try COCOFile.read(old, &room), var new = try COCOFile.read(new, &room) else {
            return nil
        }
        var difference = COCODifference(oldImages: ImageNames(old), newImages: ImageNames(new))
        difference.compare(&old, &new)
        return difference
    }

    private mutating func compare(_ old: inout COCOFile, _ new: inout COCOFile) {
        let recorder = ChangeRecorder(.coco, [.image, .category, .box])
        let images = COCOImages(old, new)
        images.record(recorder)
        let categories = COCOCategories(old, new)
        categories.record(recorder)
        recorder.count(.box, old: old.boxes.count, new: new.boxes.count)
        categories.count(old.boxes, isOld: true, recorder)
        categories.count(new.boxes, isOld: false, recorder)
        for place in new.boxes.indices {
            new.boxes[place].image = images.numbers[Int(new.boxes[place].image)]
            if new.boxes[place].label != COCOFile.noLabel {
                new.boxes[place].label = categories.numbers[Int(new.boxes[place].label)]
            }
        }
        func shown(_ box: BoxRecord, isOld: Bool) -> AnnotationChange.Box? {
            guard box.hasBox else { return nil }
            return AnnotationChange.Box(
                label: categories.name(of: box.label, isOld: isOld), x: box.x, y: box.y, width: box.width,
                height: box.height)
        }
        var matching = BoxMatching(hasIDs: true) { status, before, after in
            recorder.add(.box, status) {
                let box = after ?? before
                var change = AnnotationChange(.box, status, name: box.map { "\($0.id)" } ?? "")
                change.image = box.map { images.name(of: $0.image) }
                change.old = before.flatMap { shown($0, isOld: true) }
                change.new = after.flatMap { shown($0, isOld: false) }
                if let before, let after, before.hasBox, after.hasBox {
                    change.overlap = before.overlap(with: after)
                }
                return change
            }
        }
        matching.match(&old.boxes, &new.boxes)
        crowdedImageCount = matching.crowdedImageCount
        difference = recorder.finish()
    }
}

/// The numbers that things of the newer side have, so that those of both sides that are the same have the same: the older side's
/// own, or the next after those.
private struct Twins {
    private(set) var numbers: [UInt32]
    /// By the slots of the newer side.
    private(set) var twins: [Int?]
    private var isTaken: [Bool]
    private let oldCount: Int

    init(oldCount: Int, newCount: Int) {
        self.oldCount = oldCount
        numbers = (0..<newCount).map { UInt32(oldCount + $0) }
        twins = [Int?](repeating: nil, count: newCount)
        isTaken = [Bool](repeating: false, count: oldCount)
    }

    func isFree(old: Int) -> Bool { !isTaken[old] }
    func isFree(new: Int) -> Bool { twins[new] == nil }

    mutating func pair(_ old: Int, _ new: Int) {
        guard isFree(old: old), isFree(new: new) else { return }
        numbers[new] = UInt32(old)
        twins[new] = old
        isTaken[old] = true
    }
}

/// Images of both sides, matched by their names, and by their ids where those are the same and the sizes too.
private struct COCOImages {
    private let old: [COCOFile.Image]
    private let new: [COCOFile.Image]
    private var twins: Twins

    var numbers: [UInt32] { twins.numbers }

    init(_ old: COCOFile, _ new: COCOFile) {
        (self.old, self.new) = (old.images, new.images)
        twins = Twins(oldCount: old.images.count, newCount: new.images.count)
        let before = new.images.map { old.image(withID: $0.id) }
        for (slot, image) in new.images.enumerated() {
            guard let twin = before[slot], old.images[twin].isSame(as: image) else { continue }
            twins.pair(twin, slot)
        }
        var byName: [String: Int] = [:]
        for (slot, image) in old.images.enumerated().reversed()
        where image.isListed && twins.isFree(old: slot) {
            byName[image.name] = slot
        }
        for (slot, image) in new.images.enumerated() where image.isListed && twins.isFree(new: slot) {
            if let twin = byName.removeValue(forKey: image.name) { twins.pair(twin, slot) }
        }
        for (slot, image) in new.images.enumerated() where twins.isFree(new: slot) {
            guard let twin = before[slot] else { continue }
            let former = old.images[twin]
            if former.isListed != image.isListed || former.hasSameSize(as: image) { twins.pair(twin, slot) }
        }
    }

    /// The name of an image of either side.
    func name(of number: UInt32) -> String {
        let number = Int(number)
        let image = number < old.count ? old[number] : new[number - old.count]
        return image.isListed ? image.name : "\(image.id)"
    }

    func record(_ recorder: ChangeRecorder) {
        recorder.count(.image, old: old.count { $0.isListed }, new: new.count { $0.isListed })
        for (slot, image) in old.enumerated() where image.isListed && twins.isFree(old: slot) {
            recorder.add(.image, .removed) { AnnotationChange(.image, .removed, name: image.name) }
        }
        for (slot, image) in new.enumerated() {
            let former = twins.twins[slot].map { old[$0] }
            guard let former, former.isListed else {
                if image.isListed {
                    recorder.add(.image, .added) { AnnotationChange(.image, .added, name: image.name) }
                }
                continue
            }
            guard image.isListed else {
                recorder.add(.image, .removed) { AnnotationChange(.image, .removed, name: former.name) }
                continue
            }
            let fields = image.fields(from: former)
            if fields.isEmpty { continue }
            recorder.add(.image, .changed) {
                var change = AnnotationChange(.image, .changed, name: image.name)
                change.fields = fields
                return change
            }
        }
    }
}

extension COCOFile.Image {
    fileprivate func isSame(as other: Self) -> Bool { isListed == other.isListed && name == other.name }

    /// Whether they may be one image under two names.
    fileprivate func hasSameSize(as other: Self) -> Bool {
        width != 0 && width == other.width && height == other.height
    }

    fileprivate func fields(from old: Self) -> [AnnotationChange.Field] {
        var fields: [AnnotationChange.Field] = []
        if name != old.name { fields.append(.init(name: "file_name", old: old.name, new: name)) }
        if width != old.width { fields.append(.init(name: "width", old: "\(old.width)", new: "\(width)")) }
        if height != old.height {
            fields.append(.init(name: "height", old: "\(old.height)", new: "\(height)"))
        }
        if rest != old.rest { fields.append(.other) }
        return fields
    }
}

/// Categories of both sides, matched by their names, and by their ids where names are gone.
private struct COCOCategories {
    private let old: [COCOFile.Category]
    private let new: [COCOFile.Category]
    private var twins: Twins

    var numbers: [UInt32] { twins.numbers }

    init(_ old: COCOFile, _ new: COCOFile) {
        (self.old, self.new) = (old.categories, new.categories)
        twins = Twins(oldCount: old.categories.count, newCount: new.categories.count)
        let before = new.categories.map { old.category(withID: $0.id) }
        for (slot, category) in new.categories.enumerated() {
            if let twin = before[slot], old.categories[twin].shownName == category.shownName {
                twins.pair(twin, slot)
            }
        }
        var byName: [String: Int] = [:]
        for (slot, category) in old.categories.enumerated().reversed() where twins.isFree(old: slot) {
            byName[category.shownName] = slot
        }
        for (slot, category) in new.categories.enumerated() where twins.isFree(new: slot) {
            if let twin = byName.removeValue(forKey: category.shownName) { twins.pair(twin, slot) }
        }
        for slot in new.categories.indices { if let twin = before[slot] { twins.pair(twin, slot) } }
    }

    /// The name that a category, by its number, has on a side.
    func name(of number: UInt32, isOld: Bool) -> String {
        if number == COCOFile.noLabel { return "" }
        let number = Int(number)
        if number >= old.count { return new[number - old.count].shownName }
        if isOld { return old[number].shownName }
        return twins.twins.firstIndex(of: number).map { new[$0].shownName } ?? old[number].shownName
    }

    /// Counts the boxes of each class of a side, whose labels are still that side's slots.
    func count(_ boxes: [BoxRecord], isOld: Bool, _ recorder: ChangeRecorder) {
        let categories = isOld ? old : new
        var counts = [Int](repeating: 0, count: categories.count)
        for box in boxes where box.label != COCOFile.noLabel { counts[Int(box.label)] += 1 }
        for (category, count) in zip(categories, counts) {
            recorder.count(class: category.shownName, old: isOld ? count : 0, new: isOld ? 0 : count)
        }
    }

    func record(_ recorder: ChangeRecorder) {
        recorder.count(.category, old: old.count { $0.isListed }, new: new.count { $0.isListed })
        for (slot, category) in old.enumerated() where category.isListed && twins.isFree(old: slot) {
            recorder.add(.category, .removed) { AnnotationChange(.category, .removed, name: category.name) }
        }
        for (slot, category) in new.enumerated() {
            let former = twins.twins[slot].map { old[$0] }
            guard category.isListed else {
                if let former, former.isListed {
                    recorder.add(.category, .removed) {
                        AnnotationChange(.category, .removed, name: former.name)
                    }
                }
                continue
            }
            guard let former, former.isListed else {
                recorder.add(.category, .added) { AnnotationChange(.category, .added, name: category.name) }
                continue
            }
            var fields: [AnnotationChange.Field] = []
            if former.id != category.id {
                fields.append(.init(name: "id", old: "\(former.id)", new: "\(category.id)"))
            }
            if former.name != category.name {
                fields.append(.init(name: "name", old: former.name, new: category.name))
            }
            if former.rest != category.rest { fields.append(.other) }
            if fields.isEmpty { continue }
            recorder.add(.category, .changed) {
                var change = AnnotationChange(.category, .changed, name: category.name)
                change.fields = fields
                return change
            }
        }
    }
}

extension COCOFile.Category {
    /// The name, or where annotations alone mention it, its id.
    fileprivate var shownName: String { isListed ? name : "\(id)" }
}

extension AnnotationChange.Field {
    /// Something that is not told apart.
    fileprivate static let other = AnnotationChange.Field(name: "other", old: nil, new: nil)
}
