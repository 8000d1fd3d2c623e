//! A whole image: its tables and scans, in the order of the file.

use super::{
    Component, Damage, DecodeError, Decoded,
    bits::Window,
    block::Corner,
    header,
    plan::{Plan, PlannedComponent},
    progressive::{Band, Coefficients, MeanLane, Means},
    scan::{self, Grid, Outcome, Wrong},
    script::{ScanHeader, Script},
    sequential,
    strip::Strip,
    tables::{Definitions, Tables},
};
use crate::{Plane, markers};

/// What a decoder shows where nothing was decoded.
const GREY: u8 = 128;

/// What can be used again for the next image, so that it allocates next to nothing.
#[derive(Default)]
pub struct Scratch {
    window: Window,
    tables: Tables,
    strips: [Strip; 4],
    samples: Vec<Vec<u8>>,
}

impl Scratch {
    /// Takes the memory of planes that are no longer needed.
    pub fn recycle(&mut self, decoded: Decoded) {
        let components = decoded.components.into_iter();
        self.samples = components.map(|component| component.plane.samples).collect();
    }
}

/// Decodes an image as planned.
///
/// Data that is wrong or missing leaves grey or wrong samples, and [`Decoded::damage`].
///
/// # Errors
///
/// If there is nothing to be shown: a scan cannot be decoded at all, for example because a table is
/// missing, or there is data for not a single row of blocks.
pub fn decode(bytes: &[u8], plan: &Plan, scratch: &mut Scratch) -> Result<Decoded, DecodeError> {
    let mut frame = Frame::new(bytes, plan, scratch)?;
    frame.walk(scratch)?;
    frame.finish(scratch)
}

/// An image on its way.
struct Frame<'a> {
    bytes: &'a [u8],
    plan: &'a Plan,
    definitions: Definitions,
    planes: Vec<Plane>,
    /// What is known of each component of a progressive image, with the steps of its table.
    coefficients: Vec<(Coefficients, [u16; 64])>,
    script: Option<Script>,
    /// Scans that were decoded or passed over.
    scans: usize,
    wrong: Option<Wrong>,
    /// Rows of units for which all data was there, of all scans.
    whole_rows: usize,
}

impl<'a> Frame<'a> {
    fn new(bytes: &'a [u8], plan: &'a Plan, scratch: &mut Scratch) -> Result<Self, DecodeError> {
        let mut planes = Vec::with_capacity(plan.components.len());
        let mut used = std::mem::take(&mut scratch.samples).into_iter();
        for (width, height) in plan.plane_sizes() {
            let mut samples = used.next().unwrap_or_default();
            samples.clear();
            planes.push(Plane { width, height, samples });
        }
        let script =
            plan.is_progressive.then(|| Script::read(bytes, &plan.components)).transpose()?;
        let mut frame = Self {
            bytes,
            plan,
            definitions: Definitions::new(),
            planes,
            coefficients: Vec::new(),
            script,
            scans: 0,
            wrong: None,
            whole_rows: 0,
        };
        if let Some(script) = &frame.script {
            if !script.shows_all() && !script.has_end {
                return Err(DecodeError::EndsEarly);
            }
            frame.make_room();
        }
        Ok(frame)
    }

    /// Makes room for the coefficients of a progressive image.
    fn make_room(&mut self) {
        for component in &self.plan.components {
            let (horizontal, vertical) = component.sampling;
            let across = (self.plan.units().0 * horizontal) as usize;
            let row = |unit: u32| (unit * vertical) as usize;
            let rows = row(self.plan.unit_rows.start)..row(self.plan.unit_rows.end);
            let coefficients = Coefficients::new(across, rows, &component.shape());
            self.coefficients.push((coefficients, [0; 64]));
        }
    }

    /// Goes from marker to marker until everything that is needed is decoded, or the file ends.
    fn walk(&mut self, scratch: &mut Scratch) -> Result<(), DecodeError> {
        let mut at = markers::FIRST_SEGMENT;
        while !self.is_done() {
            match self.segment(at, scratch) {
                Ok(Some(next)) => at = next,
                Ok(None) if self.scans == 0 => {
                    return Err(DecodeError::Malformed("it has no scan"));
                }
                Err(error) if self.scans == 0 => return Err(error),
                // At least one scan is there to be shown.
                Ok(None) | Err(_) => {
                    self.note(Wrong { row: 0, ends: true });
                    break;
                }
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        match &self.script {
            Some(script) => !script.passes.iter().skip(self.scans).any(|pass| pass.is_needed),
            None => self.planes.iter().all(|plane| !plane.samples.is_empty()),
        }
    }

    /// Takes the next segment, and the data behind it. Returns where to go on, unless the image ends.
    fn segment(&mut self, at: usize, scratch: &mut Scratch) -> Result<Option<usize>, DecodeError> {
        let segment = header::next_segment(self.bytes, at)?;
        let payload = &self.bytes[segment.payload.clone()];
        let at = segment.payload.end;
        match segment.marker {
            markers::END_OF_IMAGE => return Ok(None),
            markers::QUANTISATION_TABLES => self.definitions.read_quantisation(payload)?,
            markers::HUFFMAN_TABLES => self.definitions.read_huffman(payload)?,
            markers::RESTART_INTERVAL => self.definitions.read_restart_interval(payload)?,
            markers::START_OF_SCAN => {
                let end = match self.needed_scan(payload)? {
                    None => markers::end_of_scan(self.bytes, at),
                    Some(header) if self.plan.is_progressive => {
                        self.progressive_scan(&header, at, scratch)?
                    }
                    Some(header) => self.sequential_scan(&header, at, scratch)?,
                };
                self.scans += 1;
                return Ok(Some(end));
            }
            _ => {}
        }
        Ok(Some(at))
    }

    /// The header of a scan, if the picture needs it.
    fn needed_scan(&self, payload: &[u8]) -> Result<Option<ScanHeader>, DecodeError> {
        if let Some(script) = &self.script {
            let pass = script.passes.get(self.scans).filter(|pass| pass.is_needed);
            return Ok(pass.map(|pass| pass.header.clone()));
        }
        let header = ScanHeader::read(payload, &self.plan.components)?;
        // What is sent again is not looked at: the first counts.
        let is_new = header.members.iter().all(|it| self.planes[it.index].samples.is_empty());
        let blocks = header.members.iter().map(|member| {
            let (horizontal, vertical) = self.plan.components[member.index].sampling;
            (horizontal * vertical) as usize
        });
        if header.members.len() > 1 && blocks.sum::<usize>() > scan::UNIT_BLOCKS_MAX {
            return Err(DecodeError::Malformed("a scan has too many blocks in a unit"));
        }
        Ok(is_new.then_some(header))
    }

    fn sequential_scan(
        &mut self,
        header: &ScanHeader,
        at: usize,
        scratch: &mut Scratch,
    ) -> Result<usize, DecodeError> {
        let grid = self.grid(header);
        let Scratch { window, tables, strips, .. } = scratch;
        for member in &header.members {
            tables.prepare_dc(&self.definitions, member.dc)?;
            tables.prepare_ac(&self.definitions, member.ac)?;
        }
        let mut lanes = Vec::with_capacity(header.members.len());
        for member in &header.members {
            let component = &self.plan.components[member.index];
            let (shape, steps) = (component.shape(), self.steps(component)?);
            let blocks = blocks_of_unit(component, header);
            let mut strip = std::mem::take(&mut strips[member.index]);
            strip.prepare((grid.units.0 * blocks.0, blocks.1), &shape);
            let mut plane = std::mem::take(&mut self.planes[member.index]);
            plane.samples.reserve_exact(plane.width as usize * plane.height as usize);
            lanes.push(sequential::Lane {
                dc: tables.dc(member.dc)?,
                ac: tables.ac(member.ac)?,
                corner: Corner::new(&steps, &shape),
                unseen: Corner::none(&shape),
                shape,
                blocks,
                strip,
                plane,
                prediction: 0,
            });
        }
        let first_seen = self.first_seen(header);
        let mut scan = sequential::Scan { lanes, first_seen };
        let decoder = &mut scan::Decoder { file: self.bytes, window };
        let outcome = decoder.decode(&mut scan, &grid, at);
        for (member, mut lane) in header.members.iter().zip(scan.lanes) {
            fill_up(&mut lane.plane);
            strips[member.index] = lane.strip;
            self.planes[member.index] = lane.plane;
        }
        Ok(self.take_note(&outcome))
    }

    fn progressive_scan(
        &mut self,
        header: &ScanHeader,
        at: usize,
        scratch: &mut Scratch,
    ) -> Result<usize, DecodeError> {
        let grid = self.grid(header);
        let Scratch { window, tables, .. } = scratch;
        let decoder = &mut scan::Decoder { file: self.bytes, window };
        let outcome = if header.first == 0 {
            if !header.refines() {
                for member in &header.members {
                    tables.prepare_dc(&self.definitions, member.dc)?;
                }
            }
            let mut lanes = Vec::with_capacity(header.members.len());
            for member in &header.members {
                let component = &self.plan.components[member.index];
                let dc = if header.refines() { None } else { Some(tables.dc(member.dc)?) };
                let lane = MeanLane {
                    dc,
                    blocks: blocks_of_unit(component, header),
                    coefficients: Coefficients::default(),
                    prediction: 0,
                };
                lanes.push((lane, self.steps(component)?));
            }
            // Only now that nothing is missing: a scan that is given up leaves what was there before.
            let lanes = header.members.iter().zip(lanes).map(|(member, (lane, steps))| {
                let (coefficients, latched) = &mut self.coefficients[member.index];
                *latched = steps;
                MeanLane { coefficients: std::mem::take(coefficients), ..lane }
            });
            let mut scan = Means { lanes: lanes.collect(), low: header.low };
            let outcome = decoder.decode(&mut scan, &grid, at);
            for (member, lane) in header.members.iter().zip(scan.lanes) {
                self.coefficients[member.index].0 = lane.coefficients;
            }
            outcome
        } else {
            let member = header.members[0];
            let table = tables.band(&self.definitions, member.ac)?;
            let coefficients = std::mem::take(&mut self.coefficients[member.index].0);
            let shape = self.plan.components[member.index].shape();
            let mut scan = Band::new(header, table, (coefficients, &shape));
            let outcome = decoder.decode(&mut scan, &grid, at);
            self.coefficients[member.index].0 = scan.coefficients;
            outcome
        };
        Ok(self.take_note(&outcome))
    }

    /// Keeps what came of a scan. Returns where to go on.
    fn take_note(&mut self, outcome: &Outcome) -> usize {
        if let Some(wrong) = outcome.wrong {
            self.note(wrong);
        }
        self.whole_rows += outcome.whole_rows;
        outcome.end
    }

    fn note(&mut self, wrong: Wrong) {
        if self.wrong.is_none_or(|before| wrong.row < before.row) {
            self.wrong = Some(wrong);
        }
    }

    fn steps(&self, component: &PlannedComponent) -> Result<[u16; 64], DecodeError> {
        let steps = self.definitions.steps.get(usize::from(component.quantisation));
        let missing = DecodeError::Malformed("a quantisation table is missing");
        steps.copied().flatten().ok_or(missing)
    }

    /// Units of a single component are its blocks; else they hold as many blocks of each as its
    /// sampling factors say (ITU-T T.81, A.2). Rows below those that are wanted are left out.
    fn grid(&self, header: &ScanHeader) -> Grid {
        let (mut units, vertical_max) = (self.plan.units(), self.plan.sampling_max.1);
        let (mut unit_rows, mut rows) = (8 * vertical_max, self.plan.unit_rows.end);
        if let [member] = header.members[..] {
            let component = &self.plan.components[member.index];
            units = (component.size.0.div_ceil(8), component.size.1.div_ceil(8));
            unit_rows = (8 * vertical_max).div_ceil(component.sampling.1);
            rows *= component.sampling.1;
        }
        Grid {
            units: (units.0 as usize, units.1.min(rows) as usize),
            unit_rows,
            restart_interval: self.definitions.restart_interval,
        }
    }

    /// The first row of units of a scan that anybody will see.
    fn first_seen(&self, header: &ScanHeader) -> usize {
        let rows_of_blocks = match header.members[..] {
            [member] => self.plan.components[member.index].sampling.1,
            _ => 1,
        };
        (self.plan.unit_rows.start * rows_of_blocks) as usize
    }

    fn finish(mut self, scratch: &mut Scratch) -> Result<Decoded, DecodeError> {
        if self.whole_rows == 0 && self.wrong.is_some_and(|wrong| wrong.ends) {
            return Err(DecodeError::EndsEarly);
        }
        for (index, (coefficients, steps)) in self.coefficients.iter().enumerate() {
            let plane = &mut self.planes[index];
            plane.samples.reserve_exact(plane.width as usize * plane.height as usize);
            let shape = self.plan.components[index].shape();
            coefficients.emit((&shape, steps), &mut scratch.strips[index], plane);
        }
        let damage = self.damage();
        let components = self.plan.components.iter().zip(self.planes).map(|(component, plane)| {
            let mut plane = plane;
            // A component whose scan is missing.
            fill_up(&mut plane);
            Component { plane, density: component.density(self.plan.sampling_max) }
        });
        Ok(Decoded { components: components.collect(), first_row: self.plan.first_row(), damage })
    }

    fn damage(&self) -> Option<Damage> {
        match &self.script {
            Some(Script { complete, has_end: false, .. }) => {
                return Some(Damage::FewerScans { complete: *complete });
            }
            Some(script) if !script.shows_all() => {
                return Some(Damage::Rows { intact: 0, missing: true });
            }
            _ => {}
        }
        self.wrong.map(|Wrong { row, ends }| Damage::Rows { intact: row, missing: ends })
    }
}

/// Blocks of a component in a unit, across and down.
fn blocks_of_unit(component: &PlannedComponent, header: &ScanHeader) -> (usize, usize) {
    let (horizontal, vertical) = component.sampling;
    if header.members.len() == 1 { (1, 1) } else { (horizontal as usize, vertical as usize) }
}

/// Shows nothing where there was no data.
fn fill_up(plane: &mut Plane) {
    plane.samples.resize(plane.width as usize * plane.height as usize, GREY);
}
