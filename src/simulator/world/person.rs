//! The people of a company. A person appears in many enrollments under one id, and may change
//! department or name from one enrollment to the next.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::words;
use crate::simulator::world::{DAY, HOUR, Salt, World};

/// A learner as one enrollment reports them.
#[derive(Debug)]
pub struct Person {
    /// The id.
    pub id: String,
    /// E-mail; may be masked, empty or absent.
    pub email: Option<String>,
    /// First name; `undefined` where the vendor lost it.
    pub first_name: &'static str,
    /// Last name; may be empty.
    pub last_name: &'static str,
    /// Department; mostly empty, rarely absent.
    pub department: Option<&'static str>,
    /// Phone number.
    pub phone: Option<String>,
    /// Custom fields, of some people.
    pub custom_fields: Vec<CustomField>,
}

/// A custom field with its value.
#[derive(Debug)]
pub struct CustomField {
    /// Id of the field; names repeat.
    pub id: &'static str,
    /// Name of the field; may be that of a column.
    pub name: &'static str,
    /// Data type.
    pub data_type: &'static str,
    /// The value.
    pub value: Option<String>,
    /// The value of a date field.
    pub timestamp: Option<Instant>,
}

impl World {
    fn person_dice(&self, company: u32, person: u32) -> Dice {
        self.company_dice(company)
            .on(Salt::Person)
            .with(u64::from(person))
    }

    fn person_ids(&self, company: u32) -> Dice {
        self.company_dice(company).on(Salt::PersonId)
    }

    /// The id of a person.
    #[must_use]
    pub fn person_id(&self, company: u32, person: u32) -> String {
        id::short_id(self.person_ids(company), person)
    }

    /// The person of a company with this id.
    #[must_use]
    pub fn person_index(&self, company: u32, id: &str) -> Option<u32> {
        id::short_id_index(self.person_ids(company), id)
            .filter(|&person| person < self.person_count())
    }

    /// Where in the list of people an enrollment starts to leave some out. The first enrollment
    /// starts at zero, so that it holds the first four people.
    fn window(&self, company: u32, enrollment: u32) -> u64 {
        if enrollment == 0 {
            return 0;
        }
        self.enrollment_dice(company, enrollment)
            .on(Salt::Window)
            .below(u64::from(self.person_count()))
    }

    /// The person in a position of an enrollment, in order of e-mail. Every fifth person is left
    /// out, which ones depends on the enrollment.
    #[must_use]
    pub fn person_at(&self, company: u32, enrollment: u32, position: u32) -> u32 {
        let people = u64::from(self.person_count());
        let shifted = u64::from(position) * people + self.window(company, enrollment);
        (shifted / u64::from(self.options.users.max(1))) as u32
    }

    /// The position of a person in an enrollment, if it has them.
    #[must_use]
    pub fn position_of(&self, company: u32, enrollment: u32, person: u32) -> Option<u32> {
        let people = u64::from(self.person_count());
        let wanted = u64::from(person) * u64::from(self.options.users);
        let position = wanted
            .saturating_sub(self.window(company, enrollment))
            .div_ceil(people.max(1));
        let position = u32::try_from(position).ok()?;
        let is_there = position < self.user_count(company, enrollment)
            && self.person_at(company, enrollment, position) == person;
        is_there.then_some(position)
    }

    /// The person as this enrollment reports them.
    #[must_use]
    pub fn person(&self, company: u32, enrollment: u32, person: u32) -> Person {
        let dice = self.person_dice(company, person);
        let change = dice.on(Salt::Order);
        let has_changed = change.one_in(6)
            && u64::from(enrollment) > change.with(1).below(u64::from(self.options.enrollments));
        let (_, first_name) = self.first_name(person);
        let name = dice.on(Salt::LastName);
        let (_, last_name) = if has_changed && change.with(2).one_in(3) {
            name.with(1).pick(words::LAST_NAMES)
        } else {
            name.pick(words::LAST_NAMES)
        };
        let department = dice.on(Salt::Department);
        let phone = dice.on(Salt::Phone);
        Person {
            id: self.person_id(company, person),
            email: self.email(company, person),
            first_name: if name.with(2).one_in(80) {
                "undefined"
            } else {
                first_name
            },
            last_name: match name.with(3).below(90) {
                0 => "",
                1 => "undefined",
                _ => last_name,
            },
            department: if department.one_in(50) {
                None
            } else if has_changed {
                Some(department.with(1).pick(words::DEPARTMENTS))
            } else if department.with(2).below(10) < 6 {
                Some("")
            } else {
                Some(department.with(3).pick(words::DEPARTMENTS))
            },
            phone: (!phone.one_in(15)).then(|| {
                let mut number = String::with_capacity(12);
                number.push_str("+1555");
                push_padded(&mut number, phone.below(10_000_000) as u32, 7);
                number
            }),
            custom_fields: self.custom_fields(dice.on(Salt::Custom), person, has_changed),
        }
    }

    /// First names follow the order of e-mail addresses.
    fn first_name(&self, person: u32) -> (&'static str, &'static str) {
        let count = words::FIRST_NAMES.len() as u64;
        let at = u64::from(person) * count / u64::from(self.person_count().max(1));
        words::FIRST_NAMES[at as usize % words::FIRST_NAMES.len()]
    }

    fn email(&self, company: u32, person: u32) -> Option<String> {
        let dice = self.person_dice(company, person).on(Salt::Email);
        if person == 0 {
            // The same consultant learns at every company.
            return Some("ada.consultant@example.org".to_owned());
        }
        if person == 1 {
            return Some(format!("ada.twin@c{company}.example.com"));
        }
        match dice.below(300) {
            0 => return None,
            1 => return Some(String::new()),
            // Deleted and synchronized again: another id, the same address.
            2 => return Some(self.address(company, person - 1)),
            _ => {}
        }
        let address = self.address(company, person);
        if self
            .person_dice(company, person)
            .on(Salt::Masked)
            .hits(self.options.masked)
        {
            return Some(format!("{}*********m", &address[..1]));
        }
        Some(address)
    }

    fn address(&self, company: u32, person: u32) -> String {
        let (first, _) = self.first_name(person);
        let (last, _) = self
            .person_dice(company, person)
            .on(Salt::LastName)
            .pick(words::LAST_NAMES);
        let mut address = String::with_capacity(48);
        address.push_str(first);
        push_padded(&mut address, person, 6);
        address.push('.');
        address.push_str(last);
        address.push_str("@c");
        push_padded(&mut address, company, 1);
        address.push_str(".example.com");
        address
    }

    fn custom_fields(&self, dice: Dice, person: u32, has_changed: bool) -> Vec<CustomField> {
        // The first person always has some, so that small worlds have them too.
        if person != 0 && !dice.hits(self.options.custom_fields) {
            return Vec::new();
        }
        let site = |id, throw: Dice| CustomField {
            id,
            name: "Site",
            data_type: "String",
            value: Some(
                throw
                    .pick(&["North", "South", "İzmir, \"Merkez\"", ""])
                    .to_owned(),
            ),
            timestamp: None,
        };
        let mut fields = vec![
            site("cf1", dice.with(if has_changed { 1 } else { 2 })),
            site("cf2", dice.with(3)),
            CustomField {
                id: "cf3",
                name: "email",
                data_type: "Email",
                value: Some(format!("alt{person}@example.org")),
                timestamp: None,
            },
        ];
        if dice.with(4).one_in(2) {
            let at = self.end - 100 * DAY - dice.with(5).below(900) as i64 * DAY + 9 * HOUR;
            fields.push(CustomField {
                id: "cf4",
                name: "Start",
                data_type: "Date",
                value: None,
                timestamp: Some(self.second(at)),
            });
        }
        if dice.with(6).one_in(2) {
            fields.push(CustomField {
                id: "cf5",
                name: "Remote",
                data_type: "Boolean",
                value: Some(dice.with(7).pick(&["0", "1"]).to_owned()),
                timestamp: None,
            });
        }
        fields
    }
}

/// Appends a number with zeros before it up to `width`. Formatting machinery is spared, because
/// every row has some of these.
fn push_padded(text: &mut String, number: u32, width: u32) {
    let count = number.checked_ilog10().map_or(1, |log| log + 1);
    for place in (0..count.max(width)).rev() {
        let digit = number.checked_div(10_u32.pow(place)).unwrap_or(0) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}
