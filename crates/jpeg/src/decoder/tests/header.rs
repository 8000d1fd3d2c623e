//! What is read before any pixel, and what is refused by its name.

use fixtures::jpeg_writer::{Picture, Random};

use crate::decoder::{
    DecodeError, Model, Process, Refusal, Request, is_complete, plan, read_header,
};

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
fn other_kinds_are_refused_by_name() {
    let request = Request { luma_density: 0.25, chroma_density: 0.25, rows: 0..20 };
    let planned = |file: &[u8]| plan(&read_header(file).unwrap(), &request).map(|_| ());
    assert_eq!(planned(&file()), Ok(()));
    for (marker, process, refusal) in [
        (0xc1, Process::Extended, None),
        (0xc2, Process::Progressive, None),
        (0xc3, Process::Lossless, Some(Refusal::Lossless)),
        (0xc5, Process::Hierarchical, Some(Refusal::Hierarchical)),
        (0xc9, Process::Arithmetic, Some(Refusal::Arithmetic)),
        (0xca, Process::Arithmetic, Some(Refusal::Arithmetic)),
        (0xcf, Process::Hierarchical, Some(Refusal::Hierarchical)),
    ] {
        let mut file = file();
        let at = frame_at(&file);
        file[at + 1] = marker;
        assert_eq!(read_header(&file).unwrap().process, process);
        assert_eq!(planned(&file), refusal.map_or(Ok(()), Err));
    }
    let mut deep = file();
    let at = frame_at(&deep);
    deep[at + 4] = 12;
    assert_eq!(planned(&deep), Err(Refusal::Precision(12)));
    let two = Picture::random((33, 20), &[(1, 1), (1, 1)], &mut Random(21)).file();
    assert_eq!(planned(&two), Err(Refusal::Components(2)));
    let mut illegal = file();
    illegal[at + 11] = 0x50;
    let error = DecodeError::Sampling { horizontal: 5, vertical: 0 };
    assert_eq!(read_header(&illegal), Err(error));
}

#[test]
fn colours_are_told_as_libjpeg_does() {
    use Model::{Cmyk, Grey, Rgb, YCbCr, Ycck};
    const JFIF: (u8, &[u8]) = (0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0");
    let adobe = |transform: u8| [b"Adobe\0\x64\0\0\0\0", &[transform][..]].concat();
    for (ids, jfif, transform, expected) in [
        (&[7][..], false, None, Grey),
        (&[1, 2, 3], false, None, YCbCr),
        (&[9, 8, 7], false, None, YCbCr),
        (b"RGB", false, None, Rgb),
        (b"RGB", true, None, YCbCr),
        (b"RGB", false, Some(1), YCbCr),
        (&[1, 2, 3], false, Some(0), Rgb),
        (&[1, 2, 3], false, Some(2), YCbCr),
        (&[1, 2, 3], true, Some(0), YCbCr),
        (&[1, 2, 3, 4], false, None, Cmyk),
        (&[1, 2, 3, 4], true, Some(0), Cmyk),
        (&[1, 2, 3, 4], false, Some(1), Ycck),
        (&[1, 2, 3, 4], false, Some(2), Ycck),
    ] {
        let mut picture = Picture::random((9, 9), &vec![(1, 1); ids.len()], &mut Random(22));
        picture.ids = ids.to_vec();
        picture.metadata.extend(jfif.then(|| (JFIF.0, JFIF.1.to_vec())));
        picture.metadata.extend(transform.map(|transform| (0xee, adobe(transform))));
        let model = read_header(&picture.file()).unwrap().model;
        assert_eq!(model, expected, "{ids:?} {jfif} {transform:?}");
    }
}

#[test]
fn what_stands_between_segments_is_passed_over() {
    let sound = file();
    let expected = read_header(&sound).unwrap();
    let between = frame_at(&sound);
    for junk in [&[0][..], &[0xff, 0x01], &[0xff, 0xd3], &[0xff, 0xff], &[0xff, 0x00, 0x12]] {
        let file = [&sound[..between], junk, &sound[between..]].concat();
        assert_eq!(read_header(&file), Ok(expected.clone()), "{junk:x?}");
    }
}

#[test]
fn the_first_of_two_exif_blocks_counts() {
    let mut file = with_segment(0xe1, b"Exif\0\0second");
    file.splice(2..2, *b"\xff\xe1\0\x0dExif\0\0first");
    let exif = read_header(&file).unwrap().exif.unwrap();
    assert_eq!(&file[exif], b"first");
}

#[test]
fn scales_are_the_smallest_that_suffice() {
    let header = read_header(&file()).unwrap();
    let sizes = |luma_density, chroma_density| {
        let request = Request { luma_density, chroma_density, rows: 0..20 };
        plan(&header, &request).unwrap().plane_sizes().collect::<Vec<_>>()
    };
    assert_eq!(sizes(0.125, 0.0625), [(5, 3), (3, 3), (3, 3)]);
    assert_eq!(sizes(0.126, 0.126), [(9, 5), (7, 5), (7, 5)]);
    assert_eq!(sizes(0.5, 0.25), [(17, 10), (9, 5), (9, 5)]);
    assert_eq!(sizes(0.51, 0.25), [(21, 13), (9, 5), (9, 5)]);
    assert_eq!(sizes(1.0, 1.0), [(33, 20), (17, 20), (17, 20)]);
}

#[test]
fn what_is_no_jpeg_is_refused() {
    assert_eq!(read_header(b"\x89PNG"), Err(DecodeError::NotJpeg));
    assert_eq!(read_header(b"\xff\xd8\xff"), Err(DecodeError::EndsEarly));
    let no_scan = DecodeError::Malformed("it has no scan");
    assert_eq!(read_header(b"\xff\xd8\xff\xd9"), Err(no_scan));
}

#[test]
fn a_jpeg_is_complete_with_an_end_after_its_scan() {
    let thumbnail = b"\xff\xd8\xff\xe1\0\x06\xff\xd9\0\0";
    assert!(!is_complete(thumbnail));
    let scan = [&thumbnail[..], b"\xff\xda\0\x02....."].concat();
    assert!(!is_complete(&scan));
    assert!(is_complete(&[&scan[..], b"\xff\xd9"].concat()));
    assert!(is_complete(&[&scan[..], b"\xff\xd9 and a trailer"].concat()));
}
