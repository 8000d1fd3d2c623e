//! A whole image: its tables and scans, in the order of the file.

use super::{
    Component, Damage, DecodeError, Decoded,
    bits::Window,
    block::Corner,
    header,
    huffman::{AcTable, Codes, DcTable},
    plan::Plan,
    scan::{self, Grid, Lane, Outcome, Rows, Tables, Wrong},
};
use crate::{Plane, markers};

/// What can be used again for the next image, so that it allocates next to nothing.
#[derive(Default)]
pub struct Scratch {
    window: Window,
    tables: Tables,
    rows: [Rows; 3],
    samples: Vec<Vec<u8>>,
}

impl Scratch {
    /// Takes the memory of planes that are no longer needed.
    pub fn recycle(&mut self, decoded: Decoded) {
        let chroma = decoded.chroma.into_iter().flatten();
        let components = std::iter::once(decoded.luma).chain(chroma);
        self.samples = components.map(|component| component.plane.samples).collect();
    }
}

/// Decodes an image as planned.
///
/// Data that is wrong or missing leaves grey or wrong samples, and [`Decoded::damage`].
///
/// # Errors
///
/// If a scan cannot be decoded at all, for example because a table is missing; the general decoder
/// may know better. And if there is data for not a single row of blocks: what is grey all over is
/// no picture.
pub fn decode(bytes: &[u8], plan: &Plan, scratch: &mut Scratch) -> Result<Decoded, DecodeError> {
    let mut frame = Frame::new(bytes, plan, scratch);
    frame.walk(scratch)?;
    frame.finish()
}

/// An image on its way.
struct Frame<'a> {
    bytes: &'a [u8],
    plan: &'a Plan,
    planes: Vec<Plane>,
    /// Quantisation steps in zigzag order.
    steps: [Option<[u16; 64]>; 4],
    /// Whether a Huffman table was defined in this file, rather than in the one before: DC, AC.
    defined: [[bool; 4]; 2],
    restart_interval: u16,
    wrong: Option<Wrong>,
    /// Rows of units for which all data was there, of all scans.
    whole_rows: usize,
}

impl<'a> Frame<'a> {
    fn new(bytes: &'a [u8], plan: &'a Plan, scratch: &mut Scratch) -> Self {
        let mut planes = Vec::with_capacity(plan.components.len());
        let mut used = std::mem::take(&mut scratch.samples).into_iter();
        for (width, height) in plan.plane_sizes() {
            let mut samples = used.next().unwrap_or_default();
            samples.clear();
            planes.push(Plane { width, height, samples });
        }
        let (steps, defined) = ([None; 4], [[false; 4]; 2]);
        let (restart_interval, wrong, whole_rows) = (0, None, 0);
        Self { bytes, plan, planes, steps, defined, restart_interval, wrong, whole_rows }
    }

    /// Goes from marker to marker until every component is decoded or the file ends.
    fn walk(&mut self, scratch: &mut Scratch) -> Result<(), DecodeError> {
        let mut at = 2;
        while self.planes.iter().any(|plane| plane.samples.is_empty()) {
            let segment = match header::next_segment(self.bytes, at) {
                Ok(segment) if segment.marker != markers::END_OF_IMAGE => segment,
                // At least one scan is there to be shown.
                _ if self.planes.iter().any(|plane| !plane.samples.is_empty()) => {
                    self.wrong = Some(Wrong { row: 0, ends: true });
                    break;
                }
                Ok(_) => return Err(DecodeError::Malformed("it has no scan")),
                Err(error) => return Err(error),
            };
            let payload = &self.bytes[segment.payload.clone()];
            at = segment.payload.end;
            match segment.marker {
                markers::QUANTISATION_TABLES => self.read_quantisation(payload)?,
                markers::HUFFMAN_TABLES => self.read_huffman(payload, &mut scratch.tables)?,
                markers::RESTART_INTERVAL => {
                    self.restart_interval = header::read_restart_interval(payload)?;
                }
                markers::START_OF_SCAN => at = self.scan(payload, at, scratch)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// ITU-T T.81, B.2.4.1.
    fn read_quantisation(&mut self, mut payload: &[u8]) -> Result<(), DecodeError> {
        const SHORT: DecodeError = DecodeError::Malformed("a quantisation table is too short");
        while let [kind, rest @ ..] = payload {
            let mut steps = [0; 64];
            let bytes = if kind >> 4 == 0 { 64 } else { 128 };
            let (values, rest) = rest.split_at_checked(bytes).ok_or(SHORT)?;
            for (index, step) in steps.iter_mut().enumerate() {
                *step = match bytes {
                    64 => u16::from(values[index]),
                    _ => u16::from_be_bytes([values[2 * index], values[2 * index + 1]]),
                };
            }
            let number = usize::from(kind & 15);
            let slot = self.steps.get_mut(number);
            *slot.ok_or(DecodeError::Malformed("a quantisation table has no such number"))? =
                Some(steps);
            payload = rest;
        }
        Ok(())
    }

    /// ITU-T T.81, B.2.4.2. Tables that are what they were are kept: most cameras use the same.
    fn read_huffman(&mut self, mut payload: &[u8], tables: &mut Tables) -> Result<(), DecodeError> {
        while let [kind, rest @ ..] = payload {
            let (counts, rest) = rest
                .split_first_chunk::<16>()
                .ok_or(DecodeError::Malformed("a Huffman table is too short"))?;
            let codes = Codes::new(*counts, rest)?;
            let (class, number) = (usize::from(kind >> 4), usize::from(kind & 15));
            if class > 1 || number > 3 {
                return Err(DecodeError::Malformed("a Huffman table has no such number"));
            }
            self.defined[class][number] = true;
            payload = &rest[codes.count()..];
            if class == 0 {
                let slot = &mut tables.dc[number];
                if slot.as_ref().is_none_or(|table| *table.codes() != codes) {
                    *slot = Some(DcTable::new(codes)?);
                }
            } else {
                let slot = &mut tables.ac[number];
                if slot.as_ref().is_none_or(|table| *table.codes() != codes) {
                    *slot = Some(AcTable::new(codes));
                }
            }
        }
        Ok(())
    }

    /// A scan with the parameters `payload` and its data at `at`. Returns where to go on.
    fn scan(
        &mut self,
        payload: &[u8],
        at: usize,
        scratch: &mut Scratch,
    ) -> Result<usize, DecodeError> {
        let members = self.members(payload)?;
        let grid = self.grid(&members);
        let Scratch { window, tables, rows, .. } = scratch;
        let mut lanes = Vec::with_capacity(members.len());
        for member in &members {
            let rows = std::mem::take(&mut rows[member.index]);
            lanes.push(self.lane(member, &grid, members.len() > 1, (tables, rows))?);
        }
        let decoder = &mut scan::Decoder { file: self.bytes, window };
        let Outcome { wrong, whole_rows, end } = decoder.decode(&mut lanes, &grid, at);
        for (member, mut lane) in members.iter().zip(lanes) {
            // Rows that are not wanted, and rows for which there was no data.
            let size = lane.plane.width as usize * lane.plane.height as usize;
            lane.plane.samples.resize(size, scan::GREY);
            rows[member.index] = lane.rows;
            self.planes[member.index] = lane.plane;
        }
        self.wrong = self.wrong.into_iter().chain(wrong).min_by_key(|wrong| wrong.row);
        self.whole_rows += whole_rows;
        Ok(end)
    }

    /// The components of a scan (ITU-T T.81, B.2.3).
    fn members(&self, payload: &[u8]) -> Result<Vec<Member>, DecodeError> {
        const SHORT: DecodeError = DecodeError::Malformed("the head of a scan is too short");
        let (&count, rest) = payload.split_first().ok_or(SHORT)?;
        let (specifications, _) = rest.as_chunks::<2>();
        let specifications = specifications.get(..usize::from(count)).ok_or(SHORT)?;
        let mut members: Vec<Member> = Vec::new();
        for &[id, tables] in specifications {
            let index = self.plan.components.iter().position(|component| component.id == id);
            let index = index.ok_or(DecodeError::Malformed("a scan has an unknown component"))?;
            let before = members.iter().any(|member| member.index == index);
            if before || !self.planes[index].samples.is_empty() {
                return Err(DecodeError::Malformed("a component is scanned twice"));
            }
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            members.push(Member { index, dc, ac });
        }
        let blocks = members.iter().map(|member| {
            let (horizontal, vertical) = self.plan.components[member.index].sampling;
            (horizontal * vertical) as usize
        });
        match members.len() {
            0 => Err(SHORT),
            2.. if blocks.sum::<usize>() > scan::UNIT_BLOCKS_MAX => {
                Err(DecodeError::Malformed("a scan has too many blocks in a unit"))
            }
            _ => Ok(members),
        }
    }

    /// Units of a single component are its blocks; else they hold as many blocks of each as its
    /// sampling factors say (ITU-T T.81, A.2).
    fn grid(&self, members: &[Member]) -> Grid {
        let (width, height) = self.plan.size;
        let (horizontal_max, vertical_max) = self.plan.sampling_max;
        let (units, unit_rows) = if let [member] = members {
            let component = &self.plan.components[member.index];
            let (width, height) = component.size;
            let unit_rows = (8 * vertical_max).div_ceil(component.sampling.1);
            ((width.div_ceil(8), height.div_ceil(8)), unit_rows)
        } else {
            let units = (width.div_ceil(8 * horizontal_max), height.div_ceil(8 * vertical_max));
            (units, 8 * vertical_max)
        };
        Grid {
            units: (units.0 as usize, units.1 as usize),
            unit_rows,
            rows: self.plan.rows.clone(),
            restart_interval: self.restart_interval,
        }
    }

    fn lane<'t>(
        &mut self,
        member: &Member,
        grid: &Grid,
        interleaved: bool,
        (tables, mut rows): (&'t Tables, Rows),
    ) -> Result<Lane<'t>, DecodeError> {
        const NO_HUFFMAN: DecodeError = DecodeError::Malformed("a Huffman table is missing");
        let component = &self.plan.components[member.index];
        let steps = self.steps[usize::from(component.quantisation)]
            .ok_or(DecodeError::Malformed("a quantisation table is missing"))?;
        let [dc_defined, ac_defined] = &self.defined;
        let dc_defined = dc_defined.get(member.dc).is_some_and(|&defined| defined);
        let ac_defined = ac_defined.get(member.ac).is_some_and(|&defined| defined);
        if !(dc_defined && ac_defined) {
            return Err(NO_HUFFMAN);
        }
        let both = |(width, height): (u32, u32)| (width as usize, height as usize);
        let samples = both(component.eighths);
        let blocks = if interleaved { both(component.sampling) } else { (1, 1) };
        rows.prepare((grid.units.0 * blocks.0, blocks.1), samples);
        let mut plane = std::mem::take(&mut self.planes[member.index]);
        plane.samples.reserve_exact(plane.width as usize * plane.height as usize);
        Ok(Lane {
            dc: tables.dc[member.dc].as_ref().ok_or(NO_HUFFMAN)?,
            ac: tables.ac[member.ac].as_ref().ok_or(NO_HUFFMAN)?,
            corner: Corner::new(&steps, samples.0, samples.1),
            unseen: Corner::new(&steps, 1, 1),
            samples,
            blocks,
            rows,
            plane,
            prediction: 0,
        })
    }

    fn finish(self) -> Result<Decoded, DecodeError> {
        if self.whole_rows == 0 && self.wrong.is_some_and(|wrong| wrong.ends) {
            return Err(DecodeError::EndsEarly);
        }
        let components = self.plan.components.iter().zip(self.planes);
        let mut components = components.map(|(component, plane)| {
            let mut plane = plane;
            // A component whose scan is missing.
            plane.samples.resize(plane.width as usize * plane.height as usize, scan::GREY);
            Component { plane, density: component.density(self.plan.sampling_max) }
        });
        let luma = components.next().ok_or(DecodeError::Malformed("it has no components"))?;
        let chroma = components.next().zip(components.next()).map(|(blue, red)| [blue, red]);
        let damage = self.wrong.map(|wrong| Damage { intact_rows: wrong.row, missing: wrong.ends });
        Ok(Decoded { luma, chroma, damage })
    }
}

/// A component of a scan.
struct Member {
    /// Its number in the frame.
    index: usize,
    /// The numbers of its Huffman tables.
    dc: usize,
    ac: usize,
}
