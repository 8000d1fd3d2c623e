//! A JPEG writer for what no ordinary encoder makes, from coefficients, and what a decoder should
//! make of them.

use std::f64::consts::PI;

/// Numbers that look random and are the same every time (Marsaglia's xorshift).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).cast_unsigned()).cast_signed()
    }
}

/// A component with its quantised coefficients, which are in zigzag order.
#[derive(Clone)]
pub(super) struct Plate {
    pub(super) sampling: (usize, usize),
    pub(super) steps: [u16; 64],
    pub(super) size: (usize, usize),
    /// Blocks in a row, with those that only fill up units.
    across: usize,
    blocks: Vec<[i32; 64]>,
}

/// A picture that can be written in several ways.
#[derive(Clone)]
pub(super) struct Picture {
    pub(super) size: (usize, usize),
    pub(super) plates: Vec<Plate>,
    pub(super) restart_interval: usize,
    /// Each component in a scan of its own.
    pub(super) separate: bool,
    /// What stands in the frame for the height; the truth then follows the first scan.
    pub(super) late_height: bool,
}

impl Picture {
    pub(super) fn random(
        size: (usize, usize),
        sampling: &[(usize, usize)],
        random: &mut Random,
    ) -> Self {
        Self::of_blocks(size, sampling, |_, _, _| random_block(random))
    }

    /// Slow waves along and across, and their product, which go on beyond the edge. The components
    /// have other places in them.
    pub(super) fn smooth(size: (usize, usize), sampling: &[(usize, usize)]) -> Self {
        let max = sampling_max(sampling);
        Self::of_blocks(size, sampling, |component, place, steps| {
            let (h, v) = sampling[component];
            let pixels = (max.0 as f64 / h as f64, max.1 as f64 / v as f64);
            smooth_block(component as f64, place, pixels, steps)
        })
    }

    /// Each block from the number of its component, its column and row, and the steps.
    fn of_blocks(
        size: (usize, usize),
        sampling: &[(usize, usize)],
        mut block: impl FnMut(usize, (usize, usize), &[u16; 64]) -> [i32; 64],
    ) -> Self {
        let max = sampling_max(sampling);
        let units = (size.0.div_ceil(8 * max.0), size.1.div_ceil(8 * max.1));
        let plates = sampling.iter().enumerate().map(|(component, &sampling)| {
            let across = units.0 * sampling.0;
            let count = across * units.1 * sampling.1;
            let steps = std::array::from_fn(|number| 1 + number as u16 / 4);
            let place = |index: usize| (index % across, index / across);
            Plate {
                sampling,
                steps,
                size: (
                    (size.0 * sampling.0).div_ceil(max.0),
                    (size.1 * sampling.1).div_ceil(max.1),
                ),
                across,
                blocks: (0..count).map(|index| block(component, place(index), &steps)).collect(),
            }
        });
        let plates = plates.collect();
        Self { size, plates, restart_interval: 0, separate: false, late_height: false }
    }

    pub(super) fn file(&self) -> Vec<u8> {
        let mut file = vec![0xff, 0xd8];
        for (number, plate) in self.plates.iter().enumerate() {
            let wide = plate.steps.iter().any(|&step| step > 255);
            let mut table = vec![number as u8 | u8::from(wide) << 4];
            for step in plate.steps {
                let bytes = step.to_be_bytes();
                table.extend(if wide { &bytes[..] } else { &bytes[1..] });
            }
            segment(&mut file, 0xdb, &table);
        }
        self.frame(&mut file);
        for (class, codes) in [(0x00, dc_codes()), (0x10, ac_codes())] {
            let mut table = vec![class];
            for length in 1..=16 {
                table.push(codes.iter().filter(|code| code.1 == length).count() as u8);
            }
            table.extend(codes.iter().map(|code| code.0));
            segment(&mut file, 0xc4, &table);
        }
        if self.restart_interval > 0 {
            segment(&mut file, 0xdd, &(self.restart_interval as u16).to_be_bytes());
        }
        let all: Vec<usize> = (0..self.plates.len()).collect();
        let scans: Vec<&[usize]> =
            if self.separate { all.chunks(1).collect() } else { vec![&all[..]] };
        for (number, scan) in scans.into_iter().enumerate() {
            self.scan(&mut file, scan);
            if self.late_height && number == 0 {
                segment(&mut file, 0xdc, &(self.size.1 as u16).to_be_bytes());
            }
        }
        file.extend([0xff, 0xd9]);
        file
    }

    fn frame(&self, file: &mut Vec<u8>) {
        let mut frame = vec![8];
        let height = if self.late_height { 0 } else { self.size.1 as u16 };
        frame.extend(height.to_be_bytes());
        frame.extend((self.size.0 as u16).to_be_bytes());
        frame.push(self.plates.len() as u8);
        for (number, plate) in self.plates.iter().enumerate() {
            let sampling = (plate.sampling.0 << 4 | plate.sampling.1) as u8;
            frame.extend([number as u8 + 1, sampling, number as u8]);
        }
        segment(file, 0xc0, &frame);
    }

    fn scan(&self, file: &mut Vec<u8>, members: &[usize]) {
        let mut head = vec![members.len() as u8];
        head.extend(members.iter().flat_map(|&member| [member as u8 + 1, 0]));
        head.extend([0, 63, 0]);
        segment(file, 0xda, &head);
        let mut coder = Coder::default();
        for (number, unit) in self.units(members).into_iter().enumerate() {
            if self.restart_interval > 0 && number > 0 && number % self.restart_interval == 0 {
                coder.flush(file);
                file.extend([0xff, 0xd0 + ((number / self.restart_interval - 1) % 8) as u8]);
                coder = Coder::default();
            }
            for (member, block) in unit {
                coder.block(member, &self.plates[member].blocks[block]);
            }
        }
        coder.flush(file);
    }

    /// The blocks of each unit, by component.
    fn units(&self, members: &[usize]) -> Vec<Vec<(usize, usize)>> {
        if let &[member] = members {
            let plate = &self.plates[member];
            let (width, height) = (plate.size.0.div_ceil(8), plate.size.1.div_ceil(8));
            let blocks = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            return blocks.map(|(x, y)| vec![(member, y * plate.across + x)]).collect();
        }
        let first = &self.plates[0];
        let units_across = first.across / first.sampling.0;
        let count = first.blocks.len() / (first.sampling.0 * first.sampling.1);
        let unit = |number: usize| {
            let (column, row) = (number % units_across, number / units_across);
            let mut blocks = Vec::new();
            for &member in members {
                let plate = &self.plates[member];
                let (h, v) = plate.sampling;
                for (y, x) in (0..v).flat_map(|y| (0..h).map(move |x| (y, x))) {
                    blocks.push((member, (row * v + y) * plate.across + column * h + x));
                }
            }
            blocks
        };
        (0..count).map(unit).collect()
    }
}

pub(super) fn sampling_max(sampling: &[(usize, usize)]) -> (usize, usize) {
    let across = sampling.iter().map(|sampling| sampling.0).max().unwrap();
    (across, sampling.iter().map(|sampling| sampling.1).max().unwrap())
}

impl Plate {
    /// Codes a coefficient in coarser steps, for about the same values.
    pub(super) fn requantise(&mut self, number: usize, step: u16) {
        self.steps[number] = step;
        for block in &mut self.blocks {
            block[number] /= i32::from(step);
        }
    }

    /// Each block's corner of coefficients transformed with that many points, before rounding,
    /// row by row, as wide as the component.
    pub(super) fn expected(&self, points: (usize, usize)) -> Vec<Vec<f64>> {
        let width = (self.size.0 * points.0).div_ceil(8);
        let height = (self.size.1 * points.1).div_ceil(8);
        let blocks: Vec<Vec<f64>> = self.blocks.iter().map(|b| self.corner(b, points)).collect();
        let sample = |x: usize, y: usize| {
            let block = (y / points.1) * self.across + x / points.0;
            blocks[block][(y % points.1) * points.0 + x % points.0]
        };
        (0..height).map(|y| (0..width).map(|x| sample(x, y)).collect()).collect()
    }

    fn corner(&self, block: &[i32; 64], (width, height): (usize, usize)) -> Vec<f64> {
        let basis = |points: usize, x: usize, u: usize| match u {
            0 => 1.0,
            _ => 2_f64.sqrt() * ((2 * x + 1) as f64 * u as f64 * PI / (2 * points) as f64).cos(),
        };
        let mut samples = vec![0.0; width * height];
        for (number, (u, v)) in zigzag().into_iter().enumerate() {
            if u < width && v < height {
                let coefficient = f64::from(block[number] * i32::from(self.steps[number]));
                for (index, sample) in samples.iter_mut().enumerate() {
                    let (x, y) = (index % width, index / width);
                    *sample += coefficient / 8.0 * basis(width, x, u) * basis(height, y, v);
                }
            }
        }
        samples.into_iter().map(|sample| (sample + 128.0).clamp(0.0, 255.0)).collect()
    }
}

/// Column and row of each coefficient: diagonal by diagonal, every other one upwards.
fn zigzag() -> Vec<(usize, usize)> {
    let mut places: Vec<_> = (0..64).map(|index| (index % 8, index / 8)).collect();
    places.sort_by_key(|&(u, v)| (u + v, if (u + v) % 2 == 0 { u } else { v }));
    places
}

/// From flat to full to the last coefficient.
fn random_block(random: &mut Random) -> [i32; 64] {
    let mut block = [0; 64];
    block[0] = random.between(-900, 900);
    let (density, size) = (random.below(5) * 25, [1, 7, 60, 1023][random.below(4) as usize]);
    for value in &mut block[1..] {
        if random.below(100) < density {
            *value = random.between(-size, size);
        }
    }
    block
}

/// A block of sums and products of waves, whose transforms are those of the waves.
fn smooth_block(
    phase: f64,
    (column, row): (usize, usize),
    pixels: (f64, f64),
    steps: &[u16; 64],
) -> [i32; 64] {
    let across = |wave: fn(f64) -> f64, length: f64| {
        transform(|x| wave(((column * 8 + x) as f64 + 0.5) * pixels.0 / length + phase))
    };
    let down = |wave: fn(f64) -> f64, length: f64| {
        transform(|y| wave(((row * 8 + y) as f64 + 0.5) * pixels.1 / length + phase))
    };
    let flat = transform(|_| 1.0);
    let (wave, other) = (across(f64::sin, 25.0), down(f64::cos, 17.0));
    let (long, tall) = (across(f64::cos, 13.0), down(f64::sin, 21.0));
    let mut block = [0; 64];
    for ((value, step), (u, v)) in block.iter_mut().zip(steps).zip(zigzag()) {
        let sums = 40.0 * wave[u] * flat[v] + 40.0 * flat[u] * other[v] + 30.0 * long[u] * tall[v];
        *value = (sums / f64::from(*step)).round() as i32;
    }
    block
}

/// The forward transform in one direction (ITU-T T.81, A.3.3).
fn transform(sample: impl Fn(usize) -> f64) -> [f64; 8] {
    std::array::from_fn(|u| {
        let scale = if u == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |x: usize| ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos();
        0.5 * scale * (0..8).map(|x| sample(x) * wave(x)).sum::<f64>()
    })
}

fn segment(file: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    file.extend([0xff, marker]);
    file.extend((payload.len() as u16 + 2).to_be_bytes());
    file.extend(payload);
}

/// Symbol, length and code.
type Code = (u8, u32, u32);

fn dc_codes() -> Vec<Code> {
    let lengths = [2, 3, 3, 4, 4, 5, 6, 7, 8, 11, 12, 16];
    canonical((0..12).zip(lengths))
}

/// Short codes for what is frequent, long ones for all others, so that tables of every kind work.
fn ac_codes() -> Vec<Code> {
    let frequent = [0x00, 0x01, 0x11, 0x02, 0x21, 0x12, 0xf0, 0x03, 0x31, 0x04, 0x22, 0x05];
    let others = (0..=255_u8).filter(|symbol| (1..=10).contains(&(symbol & 15)));
    let others = others.filter(|symbol| !frequent.contains(symbol));
    let symbols = frequent.into_iter().chain(others);
    canonical(symbols.enumerate().map(|(index, symbol)| {
        let length = match index {
            0 => 2,
            1..20 => 3 + (index as u32 - 1) / 2,
            20..80 => 13,
            _ => 16,
        };
        (symbol, length)
    }))
}

fn canonical(lengths: impl Iterator<Item = (u8, u32)>) -> Vec<Code> {
    let (mut code, mut before) = (0, 0);
    lengths
        .map(|(symbol, length)| {
            code <<= length - before;
            before = length;
            code += 1;
            (symbol, length, code - 1)
        })
        .collect()
}

struct Coder {
    dc: Vec<Code>,
    ac: Vec<Code>,
    predictions: [i32; 3],
    bits: Vec<bool>,
}

impl Default for Coder {
    fn default() -> Self {
        Self { dc: dc_codes(), ac: ac_codes(), predictions: [0; 3], bits: Vec::new() }
    }
}

impl Coder {
    fn block(&mut self, member: usize, block: &[i32; 64]) {
        let difference = block[0] - self.predictions[member];
        self.predictions[member] = block[0];
        let code =
            |codes: &[Code], symbol: u8| *codes.iter().find(|code| code.0 == symbol).unwrap();
        let size = |value: i32| (32 - value.unsigned_abs().leading_zeros()) as u8;
        let dc = code(&self.dc, size(difference));
        self.put(dc, size(difference), difference);
        let mut run = 0;
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                self.put(code(&self.ac, 0xf0), 0, 0);
                run -= 16;
            }
            self.put(code(&self.ac, run << 4 | size(value)), size(value), value);
            run = 0;
        }
        if run > 0 {
            self.put(code(&self.ac, 0), 0, 0);
        }
    }

    fn put(&mut self, (_, length, code): Code, size: u8, value: i32) {
        let magnitude = if value < 0 { value - 1 } else { value };
        self.bits.extend((0..length).rev().map(|bit| code >> bit & 1 == 1));
        self.bits.extend((0..size).rev().map(|bit| magnitude >> bit & 1 == 1));
    }

    fn flush(&mut self, file: &mut Vec<u8>) {
        while !self.bits.len().is_multiple_of(8) {
            self.bits.push(true);
        }
        for bits in self.bits.chunks(8) {
            let byte = bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
            file.push(byte);
            if byte == 0xff {
                file.push(0);
            }
        }
        self.bits.clear();
    }
}
