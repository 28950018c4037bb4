//! The key of all hashes, read from `privacy.key_file`.

use std::fmt;
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::settings::{PrivacySettings, Secret, SecretError};

/// The shortest key that is taken, in bytes.
pub const MIN_KEY_BYTES: usize = 32;

/// Bytes of the text that tells one key from another.
const CHECK_BYTES: usize = 8;

/// Why there is no key.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// None is configured.
    #[error("could not {doing}: it needs a key, and privacy.key_file is not set")]
    Missing {
        /// What needs it, as an infinitive.
        doing: String,
    },
    /// The file cannot be read.
    #[error("could not read the key of privacy.key_file: {0}")]
    Unreadable(#[from] SecretError),
    /// It is too short.
    #[error(
        "could not use the key of privacy.key_file: it has {0} bytes, and at least {MIN_KEY_BYTES} are needed"
    )]
    Short(usize),
}

impl KeyError {
    /// What the operator can do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::Missing { .. } | Self::Short(_) => {
                "make a key with: openssl rand -hex 32 > keepnet-privacy.key; keep it safe and secret, \
                 and set privacy.key_file (KEEPNET_ETL__PRIVACY__KEY_FILE) to it"
            }
            Self::Unreadable(_) => "check the file's path and that this user may read it",
        }
    }
}

/// A secret key.
#[derive(Clone)]
pub struct Key(SecretString);

impl Key {
    /// The configured key, if one is.
    pub fn read(settings: &PrivacySettings) -> Result<Option<Self>, KeyError> {
        let Some(file) = &settings.key_file else {
            return Ok(None);
        };
        let key = Secret::File(file.clone()).read()?;
        match key.expose_secret().len() {
            length if length < MIN_KEY_BYTES => Err(KeyError::Short(length)),
            _ => Ok(Some(Self(key))),
        }
    }

    /// HMAC-SHA256 over these parts, in hexadecimal digits. No part may hold NUL: ids and texts of the vendor do not, for
    /// PostgreSQL could not store it.
    #[must_use]
    pub fn digest(&self, parts: &[&str]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()) else {
            return String::new();
        };
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                mac.update(&[0]);
            }
            mac.update(part.as_bytes());
        }
        let mut digits = String::with_capacity(64);
        for byte in mac.finalize().into_bytes() {
            let _ = write!(digits, "{byte:02x}");
        }
        digits
    }

    /// A text by which another key is noticed. It tells nothing of the key.
    #[must_use]
    pub fn check(&self) -> String {
        let mut check = self.digest(&["keepnet-etl", "key"]);
        check.truncate(2 * CHECK_BYTES);
        check
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
impl Key {
    /// A key for tests.
    pub(super) fn of(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_hmac_sha256() {
        // RFC 4231, test case 2.
        assert_eq!(
            Key::of("Jefe").digest(&["what do ya want for nothing?"]),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn parts_do_not_run_together_and_the_key_is_not_shown() {
        let key = Key::of("a key");
        assert_ne!(key.digest(&["ab", "c"]), key.digest(&["a", "bc"]));
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.check().len(), 16);
        assert_ne!(key.check(), Key::of("another").check());
    }
}
