//! Writes JSON straight into bytes: a page of rows is made without building a tree first.

use std::io::Write;

/// An open JSON object; close it with [`JsonObject::end`].
pub struct JsonObject<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> JsonObject<'a> {
    /// Opens an object at the end of `out`.
    pub fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self {
            out,
            is_empty: true,
        }
    }

    /// Closes the object.
    pub fn end(self) {
        self.out.push(b'}');
    }

    /// Writes the name of the next member and lends the place for its value.
    pub fn member(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.reserve(name.len() + 4);
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A text member.
    pub fn text(&mut self, name: &str, value: &str) {
        push_text(self.member(name), value);
    }

    /// A text member, left out when there is no value: the vendor omits nulls.
    pub fn text_if(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A text member, null when there is no value.
    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// A null member.
    pub fn null(&mut self, name: &str) {
        self.member(name).extend_from_slice(b"null");
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: i64) {
        push_number(self.member(name), value);
    }

    /// A whole number, left out when there is none.
    pub fn number_if(&mut self, name: &str, value: Option<i64>) {
        if let Some(value) = value {
            self.number(name, value);
        }
    }

    /// A whole number, null when there is none.
    pub fn number_or_null(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.null(name),
        }
    }

    /// A number with a fraction; whole values are written without one.
    pub fn float(&mut self, name: &str, value: f64) {
        // Writing to a vector cannot fail.
        let _ = write!(self.member(name), "{value}");
    }

    /// A truth value.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.member(name)
            .extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A truth value, left out when there is none.
    pub fn flag_if(&mut self, name: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.flag(name, value);
        }
    }

    /// A truth value, null when there is none.
    pub fn flag_or_null(&mut self, name: &str, value: Option<bool>) {
        match value {
            Some(value) => self.flag(name, value),
            None => self.null(name),
        }
    }

    /// An object member.
    pub fn object(&mut self, name: &str, fill: impl FnOnce(&mut JsonObject<'_>)) {
        push_object(self.member(name), fill);
    }

    /// An array member, one element per item.
    pub fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        push: impl FnMut(&mut Vec<u8>, T),
    ) {
        push_array(self.member(name), items, push);
    }

    /// An array of texts.
    pub fn texts<T: AsRef<str>>(&mut self, name: &str, items: impl IntoIterator<Item = T>) {
        self.array(name, items, |out, item| push_text(out, item.as_ref()));
    }
}

/// Writes an object.
pub fn push_object(out: &mut Vec<u8>, fill: impl FnOnce(&mut JsonObject<'_>)) {
    let mut object = JsonObject::begin(out);
    fill(&mut object);
    object.end();
}

/// Writes an array, one element per item.
pub fn push_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, item);
    }
    out.push(b']');
}

/// Writes a whole number.
pub fn push_number(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_digits(out, value.unsigned_abs(), 1);
}

/// Writes the digits of a number, with zeros before it up to this width. Formatting machinery is
/// spared, because every row has a dozen of these.
pub fn push_digits(out: &mut Vec<u8>, mut number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    while number > 0 {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// Writes a text with its quotes.
pub fn push_text(out: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    let is_special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    // Without an early end the compiler looks at many bytes at once.
    if !bytes
        .iter()
        .fold(false, |found, &byte| found | is_special(byte))
    {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    for &byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            other if other < 0x20 => {
                // Writing to a vector cannot fail.
                let _ = write!(out, "\\u{other:04x}");
            }
            other => out.push(other),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_numbers_are_what_a_parser_reads() {
        for text in ["", "plain", "Ö\"q\"\\ \n\u{1}", "🚀"] {
            let mut out = Vec::new();
            push_text(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
        for number in [0, 7, -7, 120, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
        let mut out = Vec::new();
        push_digits(&mut out, 42, 6);
        assert_eq!(out, b"000042");
    }
}
