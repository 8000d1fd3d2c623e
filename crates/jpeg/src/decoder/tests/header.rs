//! What is read before any pixel, and which images are left to the general decoder.

use fixtures::jpeg_writer::{Picture, Random};

use crate::decoder::{DecodeError, Model, Process, Request, plan, read_header};

fn file() -> Vec<u8> {
    Picture::random((33, 20), &[(2, 1), (1, 1), (1, 1)], &mut Random(21)).file()
}

/// With a segment directly behind the start of the image.
fn with_segment(marker: u8, payload: &[u8]) -> Vec<u8> {
    let mut file = file();
    let length = (payload.len() as u16 + 2).to_be_bytes();
    let segment = [&[0xff, marker], &length[..], payload].concat();
    file.splice(2..2, segment);
    file
}

fn frame_at(file: &[u8]) -> usize {
    file.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap()
}

#[test]
fn a_plain_file_is_told() {
    let header = read_header(&file()).unwrap();
    assert_eq!((header.width, header.height, header.precision), (33, 20, 8));
    assert_eq!((header.process, header.model), (Process::Baseline, Model::YCbCr));
    assert_eq!((header.components[0].horizontal, header.components[0].vertical), (2, 1));
    assert_eq!((header.icc, header.exif, header.adobe_transform), (None, None, None));
}

#[test]
fn exif_and_adobe_are_found() {
    let file = with_segment(0xe1, b"Exif\0\0II*\0rest");
    let exif = read_header(&file).unwrap().exif.unwrap();
    assert_eq!(&file[exif], b"II*\0rest");
    let header = read_header(&with_segment(0xee, b"Adobe\0\x64\0\0\0\0\0")).unwrap();
    assert_eq!((header.adobe_transform, header.model), (Some(0), Model::Rgb));
}

#[test]
fn profiles_are_joined_in_order_and_only_if_whole() {
    let chunk = |number: u8, text: &[u8]| [b"ICC_PROFILE\0", &[number, 2][..], text].concat();
    let first = with_segment(0xe2, &chunk(1, b"first "));
    assert_eq!(read_header(&first).unwrap().icc, None);
    let mut both = first;
    let second = chunk(2, b"second");
    let length = (second.len() as u16 + 2).to_be_bytes();
    both.splice(2..2, [&[0xff, 0xe2], &length[..], &second].concat());
    assert_eq!(read_header(&both).unwrap().icc.unwrap(), b"first second");
}

#[test]
fn other_kinds_are_told_and_left_to_the_general_decoder() {
    let request = Request { luma_density: 0.25, chroma_density: 0.25, rows: 0..20 };
    let planned = |file: &[u8]| plan(&read_header(file).unwrap(), &request).is_some();
    assert!(planned(&file()));
    for (marker, process) in [
        (0xc2, Process::Progressive),
        (0xc3, Process::Other),
        (0xc9, Process::Other),
        (0xcf, Process::Other),
    ] {
        let mut file = file();
        let at = frame_at(&file);
        file[at + 1] = marker;
        assert_eq!(read_header(&file).unwrap().process, process);
        assert!(!planned(&file));
    }
    let mut deep = file();
    let at = frame_at(&deep);
    deep[at + 1] = 0xc1;
    assert!(planned(&deep));
    deep[at + 4] = 12;
    assert!(!planned(&deep));
    assert!(!planned(&with_segment(0xee, b"Adobe\0\x64\0\0\0\0\0")));
    let mut illegal = file();
    illegal[at + 11] = 0x50;
    assert!(!planned(&illegal));
}

#[test]
fn scales_are_the_smallest_that_suffice() {
    let header = read_header(&file()).unwrap();
    let sizes = |luma_density, chroma_density| {
        let request = Request { luma_density, chroma_density, rows: 0..20 };
        plan(&header, &request).map(|plan| plan.plane_sizes().collect::<Vec<_>>())
    };
    assert_eq!(sizes(0.125, 0.0625).unwrap(), [(5, 3), (3, 3), (3, 3)]);
    assert_eq!(sizes(0.126, 0.126).unwrap(), [(9, 5), (7, 5), (7, 5)]);
    assert_eq!(sizes(0.5, 0.25).unwrap(), [(17, 10), (9, 5), (9, 5)]);
    assert_eq!(sizes(0.51, 0.25), None);
}

#[test]
fn what_is_no_jpeg_is_refused() {
    assert_eq!(read_header(b"\x89PNG"), Err(DecodeError::NotJpeg));
    assert_eq!(read_header(b"\xff\xd8\xff"), Err(DecodeError::EndsEarly));
    let no_scan = DecodeError::Malformed("it has no scan");
    assert_eq!(read_header(b"\xff\xd8\xff\xd9"), Err(no_scan));
}
