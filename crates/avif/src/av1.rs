//! Planes to AV1, and AV1 to a file.

use avif_serialize::Aviffy;
use rav1e::config::SpeedSettings;
use rav1e::prelude::*;

use crate::{Effort, EncodeError};

/// What one picture of AV1 consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Planes<'a> {
    /// 4:2:0.
    Colours { luma: &'a [u8], chroma: [&'a [u8]; 2] },
    /// 4:0:0.
    Alpha(&'a [u8]),
}

/// Columns and rows.
pub(crate) type Size = (usize, usize);

/// The only depth that is written.
const BITS: u8 = 8;

/// Compresses a picture. What comes back has also what every decoder makes of it.
pub(crate) fn compress(
    planes: Planes<'_>,
    size: Size,
    quantizer: u8,
    effort: Effort,
) -> Result<Packet<u8>, EncodeError> {
    // One thread: the function has at most one processor for an image.
    let config = Config::new().with_encoder_config(config(planes, size, quantizer, effort));
    let mut context: Context<u8> = config.with_threads(1).new_context().map_err(refused)?;
    let mut frame = context.new_frame();
    let half = size.0.div_ceil(2);
    let rows = match planes {
        Planes::Colours { luma, chroma: [cb, cr] } => vec![(luma, size.0), (cb, half), (cr, half)],
        Planes::Alpha(alpha) => vec![(alpha, size.0)],
    };
    for (plane, (samples, width)) in frame.planes.iter_mut().zip(rows) {
        plane.copy_from_raw_u8(samples, width, 1);
    }
    context.send_frame(frame).map_err(refused)?;
    context.flush();
    loop {
        match context.receive_packet() {
            Ok(packet) => return Ok(packet),
            Err(EncoderStatus::Encoded) => {}
            Err(status) => return Err(refused(status)),
        }
    }
}

/// Compresses alpha as coarsely as keeps every value within so many levels.
pub(crate) fn compress_alpha(
    alpha: &[u8],
    size: Size,
    levels: u8,
    effort: Effort,
) -> Result<Packet<u8>, EncodeError> {
    const COARSEST: u8 = 32;
    let mut quantizer = COARSEST;
    loop {
        let packet = compress(Planes::Alpha(alpha), size, quantizer, effort)?;
        if quantizer == 1 || furthest(&packet, alpha, size.0) <= levels {
            return Ok(packet);
        }
        quantizer /= 2;
    }
}

/// How far the value of some pixel is from what it should be.
fn furthest(packet: &Packet<u8>, alpha: &[u8], width: usize) -> u8 {
    let Some(drawn) = &packet.rec else { return u8::MAX };
    let rows = drawn.planes[0].rows_iter().zip(alpha.chunks(width));
    let distances = rows.flat_map(|(drawn, given)| {
        drawn.iter().zip(given).map(|(drawn, given)| drawn.abs_diff(*given))
    });
    distances.max().unwrap_or(0)
}

fn config(
    planes: Planes<'_>,
    (width, height): Size,
    quantizer: u8,
    effort: Effort,
) -> EncoderConfig {
    let chroma_sampling = match planes {
        Planes::Colours { .. } => ChromaSampling::Cs420,
        Planes::Alpha(_) => ChromaSampling::Cs400,
    };
    EncoderConfig {
        width,
        height,
        bit_depth: BITS.into(),
        chroma_sampling,
        chroma_sample_position: ChromaSamplePosition::Unknown,
        pixel_range: PixelRange::Full,
        color_description: matches!(planes, Planes::Colours { .. }).then_some(SRGB_IN_JFIF),
        still_picture: true,
        low_latency: true,
        quantizer: quantizer.max(1).into(),
        speed_settings: speed(effort),
        ..EncoderConfig::default()
    }
}

/// Colours and their curve as in sRGB, and the matrix of JFIF (ITU-T H.273, tables 2 to 4).
const SRGB_IN_JFIF: ColorDescription = ColorDescription {
    color_primaries: ColorPrimaries::BT709,
    transfer_characteristics: TransferCharacteristics::SRGB,
    matrix_coefficients: MatrixCoefficients::BT601,
};

/// rav1e's presets, without what only a film has, and with small blocks: at equal SSIMULACRA2 they
/// take fewer bytes of a photo than the presets' large ones, in less time.
fn speed(effort: Effort) -> SpeedSettings {
    let (preset, smallest) = match effort {
        Effort::Low => (9, BlockSize::BLOCK_16X16),
        Effort::High => (8, BlockSize::BLOCK_8X8),
    };
    let mut settings = SpeedSettings::from_preset(preset);
    settings.partition.partition_range = PartitionRange::new(smallest, BlockSize::BLOCK_16X16);
    settings.prediction.fine_directional_intra = effort == Effort::High;
    // A fifth of the time, for nothing at these block sizes.
    settings.cdef = false;
    settings.multiref = false;
    settings.rdo_lookahead_frames = 1;
    settings.scene_detection_mode = SceneDetectionSpeed::None;
    settings
}

fn refused(error: impl std::fmt::Display) -> EncodeError {
    EncodeError::Encoder(error.to_string())
}

/// Both pictures in one file (AV1 Image File Format 1.1). Without a colour box, readers take what the
/// picture itself says.
pub(crate) fn file(
    (width, height): Size,
    (colours, alpha): (&Packet<u8>, Option<&Packet<u8>>),
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, EncodeError> {
    let side = |length: usize| u32::try_from(length).map_err(refused);
    let mut file = Vec::new();
    let mut container = Aviffy::new();
    if let Some(exif) = exif {
        container.set_exif(exif.to_vec());
    }
    container
        .set_seq_profile(0)
        .set_chroma_subsampling((true, true))
        .set_width(side(width)?)
        .set_height(side(height)?)
        .set_bit_depth(BITS)
        .write_slice(&mut file, &colours.data, alpha.map(|alpha| &*alpha.data))
        .map_err(refused)?;
    Ok(file)
}

#[cfg(test)]
mod tests;
