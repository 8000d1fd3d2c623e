//! What is refused: kinds that are not read, and headers that lie.

use std::time::Instant;

use super::*;

#[track_caller]
fn refused(items: &[Item], expected: &str) {
    refused_file(&heic::file(items), expected);
}

/// In milliseconds, even where tests share a slow machine.
#[track_caller]
fn refused_file(file: &[u8], expected: &str) {
    let started = Instant::now();
    let error = memory_needed(file, &[variant(40, 30)], &Limits::for_memory(256)).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(started.elapsed().as_millis() < 1000, "{:?}", started.elapsed());
}

#[test]
fn what_is_not_read_is_named() {
    let of_kind = |kind: &[u8; 4]| [Item { kind: *kind, ..single() }];
    refused(&of_kind(b"av01"), "AVIF is not supported");
    refused(&of_kind(b"jpeg"), "this kind of HEIC (JPEG inside) is not supported");
    refused(&of_kind(b"iovl"), "this kind of HEIC (an overlay of pictures) is not supported");
    refused(&of_kind(b"tmap"), "this kind of HEIC (tmap) is not supported");
    let essential = heic::property(*b"wxyz", &[]);
    refused(&[single().with(essential)], "this kind of HEIC (wxyz) is not supported");
    let ictcp = heic::colours([9, 13, 14], true);
    let expected = "this kind of HEIC (colours by matrix 14 of H.273) is not supported";
    refused(&[single().with(ictcp)], expected);
    let pq = heic::colours([9, 16, 9], false);
    refused(&[single().with(pq)], "this kind of HEIC (HDR by PQ) is not supported");
    let start = heic::property(*b"ftyp", b"hevc\0\0\0\0msf1hevc");
    let sequence = [start, heic::property(*b"moov", &[0; 40])].concat();
    refused_file(&sequence, "this kind of HEIC (an image sequence) is not supported");
    // A picture beside a sequence is shown.
    let both = [heic::file(&[single()]), heic::property(*b"moov", &[0; 40])].concat();
    assert_eq!(decode::dimensions(&both), Ok(heic::SIZE));
}

#[test]
fn references_in_circles_are_refused() {
    let same = |target| Item {
        kind: *b"iden",
        data: Vec::new(),
        properties: Vec::new(),
        references: vec![(*b"dimg", vec![target])],
    };
    let expected = "broken HEIC: its items refer to one another in a circle";
    refused(&[same(1)], expected);
    refused(&[same(2), same(1)], expected);
    let itself = heic::grid((1, 1), heic::SIZE, &[1]);
    refused(&[itself], "this kind of HEIC (a grid of derived pictures) is not supported");
    refused(&[same(9)], "broken HEIC: item 9 is not there");
}

#[test]
fn grids_that_do_not_add_up_are_refused() {
    let with = |grid: Item| {
        let mut items = heic::tiled();
        items[0] = grid;
        items
    };
    let tiles = [2, 3, 4, 5];
    let grid = |count, size| with(heic::grid(count, size, &tiles));
    refused(&grid((3, 2), heic::TILED_SIZE), "broken HEIC: 4 tiles in a grid of 3x2");
    refused(&grid((2, 2), (129, 90)), "broken HEIC: 2x2 tiles of 64x64 for 129x90");
    refused(&grid((2, 2), (64, 90)), "broken HEIC: 2x2 tiles of 64x64 for 64x90");
    refused(&grid((2, 2), (0, 0)), "broken HEIC: 2x2 tiles of 64x64 for 0x0");
    let expected = "broken HEIC: 2x2 tiles of 64x64 for 65535x65535";
    refused(&grid((2, 2), (65535, 65535)), expected);
    // The same tile again and again: its bytes count each time.
    let again = with(heic::grid((255, 255), (255 * 64, 255 * 64), &vec![2; 255 * 255]));
    refused(&again, "broken HEIC: items take more bytes than there are");
    let mut items = heic::tiled();
    items[2] = single();
    refused(&items, "broken HEIC: its tiles have different sizes");
    let mut items = heic::tiled();
    items[2] = heic::picture(heic::GREY, heic::TILE);
    refused(&items, "broken HEIC: its tiles have different sizes");
}

/// What is announced is what memory is counted by, so the coded data must keep to it.
#[test]
fn coded_sides_that_are_not_the_announced_ones_are_refused() {
    let with = |size: (u32, u32)| {
        let mut items = heic::tiled();
        items[4].properties[0] = heic::TILES[3].parameters_of_size(size);
        items
    };
    refused(&with((16384, 8192)), "broken HEIC: 16384x8192 are coded for 64x64");
    refused(
        &with((1 << 30, 1 << 30)),
        "broken HEIC: limit exceeded: SPS: picture larger than MAX_IMAGE_PIXELS",
    );
    let large = |size| {
        let mut item = single();
        item.properties = vec![heic::HALVED.parameters_of_size(size), heic::size(size)];
        item
    };
    let expected = "10000x10000 needs about 1454 MB of memory; 208 MB is available";
    refused(&[large((10_000, 10_000))], expected);
    // The coded data is of another size than both.
    let file = heic::file(&[large((256, 256))]);
    assert!(refusal(&file).starts_with("broken HEIC: "), "{}", refusal(&file));
}

/// Without memory for a row of tiles, a large grid is refused, and with it, it is not.
#[test]
fn a_grid_needs_memory_for_a_row_of_tiles() {
    let needed = |items: &[Item]| {
        let file = heic::file(items);
        memory_needed(&file, &[variant(10, 10)], &Limits::default()).unwrap()
    };
    let pixels = 100 * 90;
    let whole = needed(&[single()]);
    assert!(whole > 80 * 60 * 12, "{whole}");
    let tiled = needed(&heic::tiled());
    assert!(tiled > pixels * 3, "{tiled}");
}

#[test]
fn boxes_that_lie_are_refused() {
    let file = heic::file(&[single()]);
    let at = |name: &[u8; 4]| file.windows(4).position(|bytes| bytes == name).unwrap() - 4;
    let with = |name, length: u32| {
        let mut file = file.clone();
        file[at(name)..][..4].copy_from_slice(&length.to_be_bytes());
        file
    };
    refused_file(&with(b"meta", u32::MAX), "broken HEIC: the file ends early");
    refused_file(&with(b"meta", 7), "broken HEIC: box `meta` is shorter than its header");
    for name in [b"hdlr", b"iloc", b"ipco"] {
        let text = String::from_utf8_lossy(name).into_owned();
        let longer = format!("broken HEIC: box `{text}` is longer than what it is in");
        refused_file(&with(name, 0x7fff_ffff), &longer);
        refused_file(
            &with(name, 2),
            &format!("broken HEIC: box `{text}` is shorter than its header"),
        );
    }
    for length in 0..file.len() {
        // Whatever is left of the header.
        let cut = decode::dimensions(&file[..length]);
        assert!(!matches!(cut, Err(RenderError::Panicked(_))), "{length}");
    }
}

#[test]
fn tables_without_end_are_refused() {
    let expected = "broken HEIC: it has more than 16384 items";
    let start = heic::property(*b"ftyp", b"heic\0\0\0\0mif1heic");
    let file = |content: Vec<u8>| [&start[..], &heic::full(*b"meta", (0, 0), &content)].concat();
    let properties = heic::property(*b"ipco", &heic::turned(1).repeat(100_000));
    refused_file(&file(heic::property(*b"iprp", &properties)), expected);
    let names = heic::full(*b"infe", (2, 0), b"\0\x01\0\0hvc1\0").repeat(100_000);
    refused_file(&file(heic::full(*b"iinf", (0, 0), &[&[0, 0][..], &names].concat())), expected);
    let references = heic::property(*b"dimg", &[0, 1, 0, 1, 0, 1]).repeat(100_000);
    refused_file(&file(heic::full(*b"iref", (0, 0), &references)), expected);
    // As many pieces as can be counted, all of them the whole file.
    let places = [&[0_u8, 0, 0, 1, 0, 1, 0, 0][..], &[0xff, 0xff]].concat();
    let places = heic::full(*b"iloc", (0, 0), &places);
    refused_file(&file(places), "broken HEIC: items take more bytes than there are");
}
