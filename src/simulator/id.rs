//! The vendor's two kinds of id, made so that an index can be read back from them: no map from ids
//! to rows is kept.

use crate::simulator::dice::{Dice, finalize};

const DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const MASK_48: u64 = (1 << 48) - 1;

/// 35 bits, the most that six base-62 digits hold.
const MASK_35: u64 = (1 << 35) - 1;

/// An odd number, which multiplies reversibly: neighbouring indexes get tails far apart.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;
const STRIDE_INVERSE: u64 = inverse(STRIDE);

/// A member of a family of 12-character ids. Member 1 differs from member 0 only by case.
pub fn short_id(family: Dice, index: u32) -> String {
    let text = if index == 1 {
        swap_case(plain_id(family, 0))
    } else {
        plain_id(family, index)
    };
    String::from_utf8_lossy(&text).into_owned()
}

/// The index of a 12-character id within its family, if it belongs to it.
pub fn short_id_index(family: Dice, id: &str) -> Option<u32> {
    let text: [u8; 12] = id.as_bytes().try_into().ok()?;
    if let Some(index) = plain_index(family, text) {
        return (index != 1).then_some(index);
    }
    (plain_index(family, swap_case(text)) == Some(0)).then_some(1)
}

fn plain_id(family: Dice, index: u32) -> [u8; 12] {
    let mut text = [0; 12];
    let mut head = family.with(u64::from(index)).value();
    // The first character is a letter, so that swapping the case always changes the id.
    text[0] = DIGITS[(head % 52) as usize];
    head /= 52;
    for slot in &mut text[1..6] {
        *slot = DIGITS[(head % 62) as usize];
        head /= 62;
    }
    let mut tail = (u64::from(index).wrapping_mul(STRIDE) ^ family.value()) & MASK_35;
    for slot in &mut text[6..] {
        *slot = DIGITS[(tail % 62) as usize];
        tail /= 62;
    }
    text
}

fn plain_index(family: Dice, text: [u8; 12]) -> Option<u32> {
    let mut tail = 0_u64;
    for byte in text[6..].iter().rev() {
        tail = tail * 62 + DIGITS.iter().position(|digit| digit == byte)? as u64;
    }
    let index = (tail ^ family.value()).wrapping_mul(STRIDE_INVERSE) & MASK_35;
    let index = u32::try_from(index).ok()?;
    (plain_id(family, index) == text).then_some(index)
}

/// The inverse of an odd number modulo a power of two, by Newton's iteration.
const fn inverse(odd: u64) -> u64 {
    let mut inverse = odd;
    let mut bits = 3;
    while bits < 64 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        bits *= 2;
    }
    inverse
}

fn swap_case(mut text: [u8; 12]) -> [u8; 12] {
    for byte in &mut text {
        if byte.is_ascii_alphabetic() {
            *byte ^= 0x20;
        }
    }
    text
}

/// Where an enrollment, or a step of a learning path, stands in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrollmentPlace {
    /// Index of the company.
    pub company: u32,
    /// Index of the enrollment within the company, in order of creation.
    pub enrollment: u32,
    /// Zero for the enrollment itself, else the number of the step.
    pub step: u8,
}

impl EnrollmentPlace {
    /// The place of an enrollment that is no step.
    pub const fn whole(company: u32, enrollment: u32) -> Self {
        Self {
            company,
            enrollment,
            step: 0,
        }
    }

    /// The place of a step of this learning path; zero is the path itself.
    pub const fn with_step(self, step: u8) -> Self {
        Self { step, ..self }
    }

    /// Whether it is a step of a learning path.
    pub const fn is_step(self) -> bool {
        self.step > 0
    }
}

/// A GUID of version 4 for this place.
pub fn guid(family: Dice, place: EnrollmentPlace) -> String {
    let (high, low) = guid_bits(family, place);
    guid_text(high, low)
}

/// A GUID of version 4 that leads nowhere.
pub fn plain_guid(dice: Dice) -> String {
    guid_text(
        (dice.value() & !0xF000) | 0x4000,
        (dice.with(1).value() >> 2) | (1 << 63),
    )
}

/// Digits and lower-case letters.
pub fn base_36(dice: Dice, length: usize) -> String {
    let mut value = dice.value();
    (0..length)
        .map(|_| {
            let digit = (value % 36) as u32;
            value /= 36;
            char::from_digit(digit, 36).unwrap_or('0')
        })
        .collect()
}

fn guid_text(high: u64, low: u64) -> String {
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & MASK_48
    )
}

/// The place a GUID was made for, if it is one of this family.
pub fn guid_place(family: Dice, text: &str) -> Option<EnrollmentPlace> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|&at| bytes[at] != b'-') {
        return None;
    }
    let mut bits = 0_u128;
    for &byte in bytes.iter().filter(|&&byte| byte != b'-') {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        bits = (bits << 4) | u128::from(digit);
    }
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    let packed = (low ^ finalize(high)) & MASK_48;
    let place = EnrollmentPlace {
        company: (packed >> 28) as u32,
        enrollment: ((packed >> 8) & 0xF_FFFF) as u32,
        step: packed as u8,
    };
    (guid_bits(family, place) == (high, low)).then_some(place)
}

fn guid_bits(family: Dice, place: EnrollmentPlace) -> (u64, u64) {
    let packed = (u64::from(place.company) << 28)
        | (u64::from(place.enrollment) << 8)
        | u64::from(place.step);
    let dice = family.with(packed);
    let high = (dice.value() & !0xF000) | 0x4000;
    let variant = 0x8000 | (dice.with(1).value() & 0x3FFF);
    (
        high,
        (variant << 48) | ((packed ^ finalize(high)) & MASK_48),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_to_their_index_and_the_first_two_differ_by_case_only() {
        let family = Dice::new(7);
        for index in (0..2_000).chain([u32::MAX]) {
            assert_eq!(
                short_id_index(family, &short_id(family, index)),
                Some(index)
            );
        }
        let (first, second) = (short_id(family, 0), short_id(family, 1));
        assert_ne!(first, second);
        assert!(first.eq_ignore_ascii_case(&second));
        assert_eq!(short_id_index(Dice::new(8), &first), None);
        assert_eq!(short_id_index(family, "not an id"), None);
    }

    #[test]
    fn guids_lead_back_to_their_place() {
        let family = Dice::new(7);
        for (company, enrollment, step) in [(0, 0, 0), (799, 19, 3), (1_048_575, 1_048_575, 255)] {
            let place = EnrollmentPlace {
                company,
                enrollment,
                step,
            };
            let id = guid(family, place);
            assert_eq!((id.len(), &id[14..15]), (36, "4"));
            assert_eq!(guid_place(family, &id), Some(place));
            assert_eq!(guid_place(Dice::new(8), &id), None);
        }
    }

    #[test]
    fn a_plain_guid_looks_like_any_other_and_stands_for_no_place() {
        let family = Dice::new(7);
        for number in 0..100 {
            let id = plain_guid(family.with(number));
            assert_eq!((id.len(), &id[14..15]), (36, "4"));
            assert!("89ab".contains(&id[19..20]), "{id}");
            assert_eq!(guid_place(family, &id), None);
        }
    }
}
