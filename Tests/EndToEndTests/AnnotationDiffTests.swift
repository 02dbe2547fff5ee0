// SPDX-License-Identifier: Apache-2.0
import RegBytes
import RegJSON
import RegTesting
import Testing

extension JSON {
    /// The counts of a kind of thing in the first annotations, but those that are 0.
    fileprivate func total(_ subject: String) -> [String: Int64] {
        let total = list("annotations").first?.list("totals").first { $0.text("subject") == subject }
        let counts = ["old", "new", "added", "removed", "moved", "relabelled", "changed"].map { key in
            (key, total?.count(key) ?? 0)
        }
        return Dictionary(uniqueKeysWithValues: counts.filter { $0.1 != 0 })
    }

    /// What became of each metric, as `name: old -> new`.
    fileprivate var metrics: [String] {
        list("metrics").map { metric in
            let values = ["old", "new"].map { metric[$0]?.compact ?? "" }
            return "\(metric.text("name") ?? ""): \(values.joined(separator: " -> "))"
        }
    }
}

/// What differs between annotations, datasets and metrics.
@Suite struct AnnotationDiffTests {
    /// A project with two versions of `data`, of which the newer one lies there too.
    private func withVersions(
        _ old: [String: String], _ new: [String: String], type: String = "annotations",
        _ body: (Place) throws -> Void
    ) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            for files in [old, new] {
                if work.has("data") { _ = try work.run("rm", ["-r", "data"]) }
                for (path, text) in files { try work.write(text, to: "data/\(path)") }
                try work.reg("add", "data", "--type", type)
                try work.commit()
                try work.reg("push")
            }
            try body(work)
        }
    }

    /// The document of both versions, which must be the same from what is stored and from what lies on disk.
    private func compared(_ work: Place) throws -> JSON {
        let answer = try work.json("diff", "data@v1", "data@v2")
        let onDisk = try work.json("diff", "data@v1", "./data")
        for key in ["annotations", "datasets", "metrics"] { #expect(answer[key] == onDisk[key]) }
        let files = try work.json("diff", "data@v1", "data@v2", "--level", "files")
        for key in ["annotations", "datasets", "metrics"] { #expect(files[key] == []) }
        return answer
    }

    /// Both files of a pair as pycocotools reads them.
    @Test(arguments: [1, 2, 3]) func countsAreThoseOfPycocotools(seed: Int) throws {
        try withSandbox { sandbox in
            let work = try sandbox.project()
            let package = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
            let outcome = try Command(
                "\(package)/.venv/bin/python",
                ["-B", ReaderTests.script("coco_truth.py"), "\(seed)", "old.json", "new.json"],
                environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"], in: work.path.lossy
            ).run()
            try #require(outcome.code == 0, "\(outcome.errorText)")
            let truth = try JSON.parse(outcome.output)
            let answer = try work.json("diff", "./old.json", "./new.json")
            let boxes = try #require(truth["boxes"])
            var wanted = ["old": truth.count("old") ?? 0, "new": truth.count("new") ?? 0]
            for key in ["added", "removed", "moved", "relabelled"] {
                wanted[key] = boxes.count(key)
            }
            #expect(answer.total("box") == wanted)
            let images = answer.total("image")
            #expect(images["added"] == truth["images"]?.count("added"))
            #expect(images["removed"] == truth["images"]?.count("removed"))
            for entry in try #require(answer.list("annotations").first).list("classes") {
                let name = try #require(entry.text("name"))
                #expect(entry.count("old") == truth["old_classes"]?.count(name))
                #expect(entry.count("new") == truth["new_classes"]?.count(name))
            }
            #expect(answer.list("config") == [])
        }
    }

    @Test func tablesAreComparedByRecords() throws {
        let old = "name,label,x\na,cat,1\nb,dog,2\nc,dog,3\n"
        let new = "name,label,x\nc,dog,3\nb,cat,2\na,cat,5\nd,cow,1\n"
        try withVersions(["t.csv": old], ["t.csv": new]) { work in
            let answer = try compared(work)
            #expect(
                answer.total("record") == ["old": 3, "new": 4, "added": 1, "moved": 1, "relabelled": 1])
            #expect(answer.list("annotations").first?["key"] == ["name"])
            let byAll = try work.json("diff", "data@v1", "data@v2", "--key", "name", "--key", "x")
            #expect(byAll.total("record") == ["old": 3, "new": 4, "added": 2, "removed": 1, "relabelled": 1])
            let byLabel = try work.json("diff", "data@v1", "data@v2", "--key", "label")
            #expect(byLabel.list("notes").count == 1)
            let text = try work.reg("diff", "data@v1", "data@v2").text
            #expect(text.contains("t.csv: CSV, by name") && text.contains("label dog to cat"))
        }
    }

    @Test func imagesOfTwoSplitsAreTold() throws {
        func coco(_ names: [String]) -> String {
            let images = names.enumerated().map { #"{"id": \#($0), "file_name": "\#($1)"}"# }
            return #"{"images": [\#(images.joined(separator: ", "))], "annotations": [], "categories": []}"#
        }
        let old = [
            "instances_train.json": coco(["a", "b", "v"]), "instances_val.json": coco(["v", "w"]),
            "x.json": coco(["a"]),
        ]
        var new = old
        new["instances_train.json"] = coco(["a", "b", "v", "w", "c"])
        try withVersions(old, new) { work in
            let shared = try compared(work).list("annotations").first?.list("shared_images") ?? []
            #expect(shared.map { $0.text("file") } == ["instances_val.json"])
            #expect(shared.first?.count("old") == 1 && shared.first?.count("new") == 2)
            #expect(shared.first?.texts("examples") == ["v", "w"])
        }
    }

    @Test func labelFilesAreComparedByImages() throws {
        func voc(_ name: String) -> String {
            "<annotation><object><name>\(name)</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
        }
        let same = "0 .5 .5 .1 .1\n"
        let old = [
            "labels/a.txt": same, "labels/b.txt": "1 .2 .2 .1 .1\n", "labels/c.txt": same,
            "voc/a.xml": voc("cat"),
        ]
        let new = [
            "labels/a.txt": same + "2 .1 .1 .1 .1\n", "labels/c.txt": same, "labels/d.txt": "0 .2 .2 .1 .1\n",
            "voc/a.xml": voc("dog"), "labels/bad.txt": "one two\n",
        ]
        try withVersions(old, new, type: "dataset") { work in
            let answer = try compared(work)
            #expect(answer.total("box") == ["old": 2, "new": 3, "added": 2, "removed": 1])
            #expect(answer.total("image") == ["old": 2, "new": 2, "added": 1, "removed": 1])
            let voc = try #require(answer.list("annotations").last)
            #expect(voc.text("format") == "Pascal VOC" && voc.text("file") == "voc")
            #expect(voc.list("changes").map { $0.text("status") } == ["relabelled"])
            #expect(answer.list("notes").count == 1)
        }
    }

    @Test func datasetsTellFoldersAndLeaks() throws {
        var old = ["README.md": "x"]
        for number in 0..<4 { old["train/cat/\(number).jpg"] = "cat \(number)" }
        old["val/cat/9.jpg"] = "cat 9"
        var new = old
        new["val/cat/8.jpg"] = "cat 3"
        new["train/dog/1.jpg"] = "dog"
        new["train/dog/2.jpg"] = "dog"
        try withVersions(old, new, type: "dataset") { work in
            let dataset = try #require(try compared(work).list("datasets").first)
            #expect(dataset.count("unchanged_folders") == 1)
            let folders = dataset.list("folders").map {
                "\($0.text("path") ?? "") \($0.count("old") ?? -1) \($0.count("new") ?? -1)"
            }
            #expect(folders == ["train/dog 0 2", "val/cat 1 2"])
            let overlaps = dataset.list("overlaps").map { overlap in
                let words = [overlap.text("first"), overlap.text("second")].compactMap { $0 }
                return words + ["\(overlap.count("old") ?? -1)", "\(overlap.count("new") ?? -1)"]
            }
            #expect(overlaps == [["train", "val", "0", "1"], ["train", "train", "0", "1"]])
            let example = try #require(dataset.list("overlaps").first?.list("examples").first)
            #expect(example.text("first") == "train/cat/3.jpg" && example.text("second") == "val/cat/8.jpg")
        }
    }

    @Test func metricsAreComparedByNames() throws {
        let old = [
            "metrics.json": #"{"val": {"map": 0.5}, "loss": 0.25, "same": 3}"#,
            "metrics-train.jsonl": "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"loss\": 2}\n",
        ]
        let new = [
            "metrics.json": #"{"loss": NaN, "val": {"map": 0.75}, "same": 3.0}"#,
            "metrics-train.jsonl": "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"loss\": 1}\n",
        ]
        try withVersions(old, new, type: "other") { work in
            let answer = try compared(work)
            #expect(answer.metrics == ["loss: 2.0 -> 1.0", #"loss: 0.25 -> "NaN""#, "val.map: 0.5 -> 0.75"])
            #expect(answer.list("metrics").map { $0["better"] } == [true, .null, true])
            #expect(answer.list("metrics").first?["new_series"]?["points"] == [[1.0, 3.0], [2.0, 1.0]])
            #expect(answer["unchanged"]?.count("metrics") == 1 && answer.list("config") == [])
        }
        try withVersions(["a.json": #"{"x": 1}"#], ["a.json": #"{"x": 2}"#], type: "metrics") { work in
            let metrics = try compared(work).metrics
            #expect(metrics == ["x: 1.0 -> 2.0"])
        }
    }

    @Test func whatIsNotSoundIsComparedAsAFile() throws {
        let deep = #"{"images": [], "annotations": "# + String(repeating: "[", count: 50_000)
        let names = ["coco.json", "t.csv", "t.jsonl", "metrics.json", "labels/a.txt", "a.xml"]
        let old = Dictionary(uniqueKeysWithValues: names.map { ($0, "\"") })
        let new = Dictionary(uniqueKeysWithValues: names.map { ($0, deep) })
        try withVersions(old, new) { work in
            let answer = try work.json("diff", "data@v1", "data@v2")
            #expect(answer.list("files").count == names.count)
            #expect(answer.list("annotations") == [] && answer.list("metrics") == [])
            #expect(answer.list("notes").count >= 4)
        }
    }
}
