"""Reads a segmentation or a structured report with pydicom and tells what it holds, line by line.

Usage: objects.py FILE

Of a segmentation, each frame's segment, its place by dimension index and by position, and its pixels; of a report, each content item in
order with its depth. What the standard forbids ends the program with an error.
"""
import sys

import numpy
import pydicom
from pydicom.pixel_data_handlers.util import apply_color_lut


def require(is_so, rule):
    if not is_so:
        sys.exit("error: " + rule)


def segmentation(ds):
    kind = ds.SegmentationType
    bits = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}[kind]
    is_colour = ds.PhotometricInterpretation == "PALETTE COLOR"
    require(list(ds.ImageType) == ["DERIVED", "PRIMARY"], "Image Type")
    require(ds.SamplesPerPixel == 1 and ds.PixelRepresentation == 0, "one unsigned sample")
    require(ds.BitsAllocated in bits and ds.BitsStored == ds.BitsAllocated and ds.HighBit == ds.BitsStored - 1, "bits")
    require(ds.PhotometricInterpretation == "MONOCHROME2" or (is_colour and kind == "LABELMAP"), "photometric interpretation")
    require(ds.SOPClassUID == "1.2.840.10008.5.1.4.1.1.66." + ("7" if kind == "LABELMAP" else "4"), "SOP class")
    require(len(ds.PerFrameFunctionalGroupsSequence) == ds.NumberOfFrames, "an item for each frame")
    require(ds.FrameOfReferenceUID and ds.Modality == "SEG" and ds.ReferencedSeriesSequence, "frame of reference, modality, source")

    segments = {s.SegmentNumber: s for s in ds.SegmentSequence}
    require(len(segments) == len(ds.SegmentSequence), "numbers are unique")
    require(kind == "LABELMAP" or sorted(segments) == list(range(1, len(segments) + 1)), "numbers from 1")
    for segment in ds.SegmentSequence:
        require(segment.SegmentLabel and segment.SegmentAlgorithmName and segment.SegmentAlgorithmType == "AUTOMATIC", "segment description")
        require(len(segment.SegmentedPropertyCategoryCodeSequence) == 1 and len(segment.SegmentedPropertyTypeCodeSequence) == 1, "codes")
        require("TrackingID" in segment or segment.SegmentNumber == 0, "tracking")
        require(not (is_colour and "RecommendedDisplayCIELabValue" in segment), "a colour stands in one place")

    pixels = ds.pixel_array.reshape(ds.NumberOfFrames, ds.Rows, ds.Columns)
    if kind == "FRACTIONAL":
        require(pixels.max() <= ds.MaximumFractionalValue, "fractions up to the maximum")
        print("fraction", ds.SegmentationFractionalType, ds.MaximumFractionalValue)
    if kind == "LABELMAP":
        require(set(numpy.unique(pixels)) <= set(segments), "every value is described")
        require(ds.PixelPaddingValue == 0 and ds.SegmentsOverlap == "NO", "background and overlap")
    if is_colour:
        require(len(ds.ICCProfile) == int.from_bytes(ds.ICCProfile[:4], "big"), "ICC profile")
        colours = apply_color_lut(pixels, ds)
        for number in sorted(set(numpy.unique(pixels))):
            print("colour", number, *(int(c) >> (8 if colours.dtype == numpy.uint16 else 0) for c in colours[pixels == number][0]))

    pointers = [i.DimensionIndexPointer for i in ds.DimensionIndexSequence]
    groups = [i.FunctionalGroupPointer for i in ds.DimensionIndexSequence]
    normal = numpy.cross(*numpy.array(ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient, float).reshape(2, 3))
    places = [numpy.array(f.PlanePositionSequence[0].ImagePositionPatient, float) @ normal for f in ds.PerFrameFunctionalGroupsSequence]
    ranks = {place: i + 1 for i, place in enumerate(sorted(set(places)))}
    for frame, place, image in zip(ds.PerFrameFunctionalGroupsSequence, places, pixels):
        values = frame.FrameContentSequence[0].DimensionIndexValues
        values = dict(zip(pointers, [values] if isinstance(values, int) else values))
        require(len(values) == len(pointers) and all(frame[g].value for g in groups), "a value for each dimension, from its group")
        require(values[pydicom.tag.Tag(0x0020, 0x0032)] == ranks[place], "positions in their order")
        number = 0
        if kind != "LABELMAP":
            number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
            require(values[pydicom.tag.Tag(0x0062, 0x000B)] == number and number in segments, "the frame's segment")
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        wide = ">u2" if ds.BitsAllocated == 16 else "u1"
        print("frame", number, "%.3f" % place, source.ReferencedSOPInstanceUID, image.astype(wide).tobytes().hex())


def report(ds):
    evidence = {
        o.ReferencedSOPInstanceUID
        for study in ds.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for o in series.ReferencedSOPSequence
    }

    def code(item):
        return "%s/%s/%s" % (item.get("CodeValue") or item.LongCodeValue, item.CodingSchemeDesignator, item.CodeMeaning)

    def walk(item, depth):
        kind = item.ValueType
        name = code(item.ConceptNameCodeSequence[0]) if "ConceptNameCodeSequence" in item else "-"
        value = ""
        if kind == "CONTAINER":
            value = item.ContentTemplateSequence[0].TemplateIdentifier if "ContentTemplateSequence" in item else "-"
        elif kind == "CODE":
            value = code(item.ConceptCodeSequence[0])
        elif kind == "TEXT":
            value = item.TextValue
        elif kind == "UIDREF":
            value = item.UID
        elif kind == "NUM":
            measured = item.MeasuredValueSequence[0]
            exact = measured.FloatingPointValue if "FloatingPointValue" in measured else float(measured.NumericValue)
            require(abs(float(measured.NumericValue) - exact) <= 1e-9 * abs(exact), "one number in both forms")
            value = "%r %s" % (float(exact), code(measured.MeasurementUnitsCodeSequence[0]))
        elif kind == "IMAGE":
            referenced = item.ReferencedSOPSequence[0]
            require(referenced.ReferencedSOPInstanceUID in evidence, "references stand in the evidence")
            value = "%s %s" % (referenced.ReferencedSOPInstanceUID, referenced.get("ReferencedSegmentNumber", "-"))
        elif kind == "SCOORD3D":
            value = "%s %s" % (item.GraphicType, " ".join("%g" % v for v in item.GraphicData))
        else:
            sys.exit("error: an unexpected " + kind)
        print(depth, item.get("RelationshipType", "ROOT").replace(" ", ""), kind, name, value, sep="|")
        for child in item.get("ContentSequence", []):
            walk(child, depth + 1)

    walk(ds, 0)


dataset = pydicom.dcmread(sys.argv[1])
sys.stdout.reconfigure(encoding="utf-8")
(report if dataset.Modality == "SR" else segmentation)(dataset)
