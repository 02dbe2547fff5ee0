# SPDX-License-Identifier: Apache-2.0
"""Makes two random COCO files, and says what differs between them as pycocotools reads them.

coco_truth.py SEED OLD.json NEW.json
"""

import contextlib
import io
import json
import random
import sys

import numpy
from pycocotools import mask
from pycocotools.coco import COCO


def first_version(chance):
    images = [
        {"id": 3 * i + 1, "file_name": f"{i:06}.jpg", "width": 640, "height": 480} for i in range(60)
    ]
    categories = [{"id": i, "name": f"class {i}", "supercategory": "thing"} for i in range(1, 9)]
    boxes = []
    for number in range(600):
        x, y = chance.randrange(0, 500), chance.randrange(0, 380)
        w, h = chance.randrange(8, 140), chance.randrange(8, 100)
        boxes.append({
            "id": 1000 + number, "image_id": chance.choice(images)["id"], "category_id": chance.randint(1, 8),
            "bbox": [x + number / 1024, y + 0.25, w + 0.5, h], "area": (w + 0.5) * h, "iscrowd": 0,
            "segmentation": [[x, y, x + w, y, x + w, y + h]],
        })
    return {"info": {}, "licenses": [], "images": images, "annotations": boxes, "categories": categories}


def second_version(chance, old):
    new = json.loads(json.dumps(old))
    gone = {image["id"] for image in chance.sample(new["images"], 4)}
    new["images"] = [image for image in new["images"] if image["id"] not in gone]
    boxes = []
    for box in new["annotations"]:
        fate = chance.random()
        if box["image_id"] in gone or fate < 0.05:
            continue
        if fate < 0.10:
            box["bbox"][0] += chance.choice([2, 9, 300])
        elif fate < 0.15:
            box["category_id"] = box["category_id"] % 8 + 1
        elif fate < 0.20:
            # The same box, or one near it, under another id.
            box["id"] += 100_000
            box["bbox"][1] += chance.choice([0, 1, 3])
        boxes.append(box)
    for number in range(3):
        image = {"id": 5000 + number, "file_name": f"new{number}.jpg", "width": 320, "height": 200}
        new["images"].append(image)
        for place in range(5):
            boxes.append({
                "id": 9000 + 10 * number + place, "image_id": image["id"], "category_id": 1 + place,
                "bbox": [10 * place, 5, 8, 8], "area": 64, "iscrowd": 0, "segmentation": [],
            })
    chance.shuffle(boxes)
    new["annotations"] = boxes
    return new


def counts(old, new):
    """What became of boxes: by ids, and of the others by overlap."""
    found = {"added": 0, "removed": 0, "moved": 0, "relabelled": 0}

    def judge(before, after):
        if before["category_id"] != after["category_id"]:
            found["relabelled"] += 1
        elif before["bbox"] != after["bbox"]:
            found["moved"] += 1

    olds, news = dict(old.anns), dict(new.anns)
    for number in set(olds) & set(news):
        judge(olds.pop(number), news.pop(number))
    for image in set(old.imgs) | set(new.imgs):
        before = [box for box in olds.values() if box["image_id"] == image]
        after = [box for box in news.values() if box["image_id"] == image]
        while before and after:
            overlaps = mask.iou(
                numpy.array([box["bbox"] for box in before]), numpy.array([box["bbox"] for box in after]),
                [0] * len(after))
            row, column = numpy.unravel_index(overlaps.argmax(), overlaps.shape)
            if overlaps[row, column] < 0.5:
                break
            judge(before.pop(row), after.pop(column))
        found["removed"] += len(before)
        found["added"] += len(after)
    return found


def classes(coco):
    return {
        category["name"]: len(coco.getAnnIds(catIds=[category["id"]])) for category in coco.cats.values()
    }


def main():
    seed, *paths = sys.argv[1:]
    chance = random.Random(int(seed))
    old = first_version(chance)
    for path, value in zip(paths, [old, second_version(chance, old)]):
        with open(path, "w") as file:
            json.dump(value, file, indent=chance.choice([None, 1]))
    with contextlib.redirect_stdout(io.StringIO()):
        before, after = (COCO(path) for path in paths)
    images = [{image["file_name"] for image in coco.imgs.values()} for coco in (before, after)]
    print(json.dumps({
        "boxes": counts(before, after), "old": len(before.anns), "new": len(after.anns),
        "images": {"added": len(images[1] - images[0]), "removed": len(images[0] - images[1])},
        "old_classes": classes(before), "new_classes": classes(after),
    }))


main()
