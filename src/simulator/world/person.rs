//! The people of a company. A person appears in many enrollments under one id, and may change
//! department or name from one enrollment to the next.

use crate::simulator::date::Instant;
use crate::simulator::dice::Dice;
use crate::simulator::id;
use crate::simulator::words;
use crate::simulator::world::{Address, DAY, EnrollmentPlace, HOUR, PersonChange, Salt, World};

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
            .filter(|&person| person < self.people_count(company))
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

    /// The person an enrollment was sent to in a position, in order of e-mail. Every fifth person is
    /// left out, which ones depends on the enrollment.
    fn sent_to(&self, company: u32, enrollment: u32, position: u32) -> u32 {
        let people = u64::from(self.person_count());
        let shifted = u64::from(position) * people + self.window(company, enrollment);
        (shifted / u64::from(self.options.users.max(1))) as u32
    }

    /// The first position of an enrollment whose person is not before this one.
    fn first_from(&self, company: u32, enrollment: u32, person: u32) -> u32 {
        let people = u64::from(self.person_count());
        let wanted = u64::from(person) * u64::from(self.options.users);
        let position = wanted
            .saturating_sub(self.window(company, enrollment))
            .div_ceil(people.max(1));
        u32::try_from(position).unwrap_or(u32::MAX)
    }

    /// The first position of an enrollment whose person comes behind this one.
    pub(super) fn first_behind(&self, company: u32, enrollment: u32, person: u32) -> u32 {
        self.first_from(company, enrollment, person + 1)
    }

    /// The person whose row it is.
    pub(in crate::simulator) fn person_at(&self, place: EnrollmentPlace, position: u32) -> u32 {
        let (company, enrollment) = (place.company, place.enrollment);
        let count = self.sent_count(company, enrollment);
        if position < count {
            return self.sent_to(company, enrollment, position);
        }
        self.changed_place(place)
            .and_then(|changes| changes.added(position, count))
            .map_or(0, |row| row.person)
    }

    /// The row that a person has or had in the report of an enrollment or a step.
    pub(in crate::simulator) fn any_position_of(
        &self,
        place: EnrollmentPlace,
        person: u32,
    ) -> Option<u32> {
        let (company, enrollment) = (place.company, place.enrollment);
        let count = self.sent_count(company, enrollment);
        let position = self.first_from(company, enrollment, person);
        if position < count && self.sent_to(company, enrollment, position) == person {
            return Some(position);
        }
        self.changed_place(place)?.added_position(person, count)
    }

    /// The position of a person in the report of an enrollment or a step, if they are in it.
    #[must_use]
    pub fn position_of(&self, place: EnrollmentPlace, person: u32) -> Option<u32> {
        let position = self.any_position_of(place, person)?;
        let changed = self.changed_place(place);
        let is_removed = changed.is_some_and(|changes| changes.is_removed(position));
        (!is_removed).then_some(position)
    }

    /// Where an address stands in the order of e-mail.
    pub(super) fn address(&self, company: u32, person: u32) -> Address {
        person
            .checked_sub(self.person_count())
            .and_then(|nth| {
                let changes = self.changed_company(company)?;
                changes.added_people.get(nth as usize).copied()
            })
            .unwrap_or(Address {
                anchor: person,
                number: 0,
            })
    }

    /// What is said of a person since an enrollment was created, and what one report says.
    fn said_of(&self, place: EnrollmentPlace, position: u32, person: u32) -> PersonChange {
        let Some(changes) = self.changed_company(place.company) else {
            return PersonChange::default();
        };
        let everywhere = changes.people.get(&person).into_iter().flatten();
        let since = everywhere
            .filter(|&&(first, _)| first <= place.enrollment)
            .fold(PersonChange::default(), |before, (_, said)| said.or(before));
        let here = self
            .changed_place(place)
            .and_then(|changes| changes.row(position));
        here.map_or(since, |row| row.person.or(since))
    }

    /// The person as this row reports them.
    #[must_use]
    pub fn person(&self, place: EnrollmentPlace, position: u32) -> Person {
        let (company, enrollment) = (place.company, place.enrollment);
        let person = self.person_at(place, position);
        let said = self.said_of(place, position, person);
        let dice = self.person_dice(company, person);
        let change = dice.on(Salt::Order);
        let has_changed = change.one_in(6)
            && u64::from(enrollment) > change.with(1).below(u64::from(self.options.enrollments));
        let (_, first_name) = self.first_name(self.address(company, person).anchor);
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
            email: match said.address {
                Some(address) => Some(self.email_of(company, person, address)),
                None => self.email(company, person),
            },
            first_name: match said.first_name {
                Some(first_name) => first_name,
                None if name.with(2).one_in(80) => "undefined",
                None => first_name,
            },
            last_name: match (said.last_name, name.with(3).below(90)) {
                (Some(last_name), _) => last_name,
                (None, 0) => "",
                (None, 1) => "undefined",
                (None, _) => last_name,
            },
            department: if said.department.is_some() {
                said.department
            } else if department.one_in(50) {
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
        let address = self.address(company, person);
        if address.number > 0 {
            return Some(self.email_of(company, person, address));
        }
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
            2 => {
                return Some(self.email_of(company, person - 1, self.address(company, person - 1)));
            }
            _ => {}
        }
        let address = self.email_of(company, person, address);
        if self
            .person_dice(company, person)
            .on(Salt::Masked)
            .hits(self.options.masked)
        {
            return Some(format!("{}*********m", &address[..1]));
        }
        Some(address)
    }

    fn email_of(&self, company: u32, person: u32, of: Address) -> String {
        let (first, _) = self.first_name(of.anchor);
        let (last, _) = self
            .person_dice(company, person)
            .on(Salt::LastName)
            .pick(words::LAST_NAMES);
        let mut address = String::with_capacity(48);
        address.push_str(first);
        push_padded(&mut address, of.anchor, 6);
        if of.number > 0 {
            // A letter comes behind the dot of the address before, and before the next digit.
            address.push('n');
            push_padded(&mut address, of.number, 6);
        }
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
