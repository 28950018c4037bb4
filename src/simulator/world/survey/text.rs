//! What surveys say, in three languages, chosen to be awkward: commas, quotes, emoji, markup, line
//! breaks, and text that a spreadsheet takes for a formula.

/// The words of one language. The lists of all languages are equally long: the same question or
/// option stands at the same place.
#[derive(Debug)]
pub struct Language {
    /// Statements and questions.
    pub statements: [&'static str; 10],
    /// The points of a scale of agreement.
    pub scale: [&'static str; 5],
    /// True and false.
    pub truth: [&'static str; 2],
    /// What else can be chosen.
    pub choices: [&'static str; 4],
    /// The left and the right side of pairs.
    pub pairs: [[&'static str; 2]; 2],
    /// A question that the bank does not hold and that has no id.
    pub nameless: Nameless,
}

/// A question without an id, known by its text.
#[derive(Debug)]
pub struct Nameless {
    /// The text.
    pub text: &'static str,
    /// The first 16 hexadecimal digits of the text's SHA-256.
    pub digest: &'static str,
}

/// The languages a survey may come in.
pub const LANGUAGES: [Language; 3] = [
    Language {
        statements: [
            "I know whom to call when a message looks odd.",
            "Security gets in the way of my work, often",
            "My manager \"lives\" the rules",
            "<p>I lock my screen <b>every</b> time I leave.</p>",
            "Reporting a mistake\nhas no bad consequences for me.",
            "=I would report a phishing mail",
            "It is fine to share a password with a colleague",
            "We talk about security in our team 💬",
            "Rules are explained, not only announced; I understand them",
            "How many messages did you report last year?",
        ],
        scale: [
            "Strongly Disagree",
            "Disagree",
            "Neutral",
            "Agree",
            "Strongly Agree",
        ],
        truth: ["True", "False"],
        choices: [
            "By mail, by phone",
            "=HYPERLINK(\"http://example.com\")",
            "The \"button\" <b>above</b>",
            "Not at all 🙈",
        ],
        pairs: [["Mail", "Report"], ["Call", "Hang up, call back"]],
        nameless: Nameless {
            text: "Anything else, in your own words?",
            digest: "aac477ba3a71999c",
        },
    },
    Language {
        statements: [
            "Bir ileti tuhaf göründüğünde kimi arayacağımı biliyorum.",
            "Güvenlik işime engel oluyor, sık sık",
            "Yöneticim kuralları \"yaşıyor\"",
            "<p>Masamdan <b>her</b> kalktığımda ekranı kilitlerim.</p>",
            "Bir hatayı bildirmenin\nbenim için kötü sonucu olmaz.",
            "=Oltalama iletisini bildiririm",
            "Parolayı bir iş arkadaşıyla paylaşmakta sakınca yok",
            "Ekibimizde güvenlik konuşulur 💬",
            "Kurallar yalnızca duyurulmaz, açıklanır; anlıyorum",
            "Geçen yıl kaç ileti bildirdiniz?",
        ],
        scale: [
            "Kesinlikle Katılmıyorum",
            "Katılmıyorum",
            "Kararsızım",
            "Katılıyorum",
            "Kesinlikle Katılıyorum",
        ],
        truth: ["Doğru", "Yanlış"],
        choices: [
            "E-posta ile, telefonla",
            "=KÖPRÜ(\"http://example.com\")",
            "<b>Yukarıdaki</b> \"düğme\"",
            "Hiçbiri 🙈",
        ],
        pairs: [["E-posta", "Bildir"], ["Arama", "Kapat, geri ara"]],
        nameless: Nameless {
            text: "Eklemek istediğiniz başka bir şey var mı?",
            digest: "24930d138f0166a5",
        },
    },
    Language {
        statements: [
            "Ich weiß, wen ich bei einer seltsamen Nachricht anrufe.",
            "Sicherheit hält mich von der Arbeit ab, oft",
            "Meine Führungskraft „lebt“ die Regeln",
            "<p>Ich sperre <b>immer</b> den Bildschirm.</p>",
            "Einen Fehler zu melden\nhat für mich keine schlechten Folgen.",
            "=Ich würde Phishing melden",
            "Ein Passwort darf man im Team teilen",
            "Wir sprechen über Sicherheit 💬",
            "Regeln werden erklärt, nicht nur verkündet; ich verstehe sie",
            "Wie viele Nachrichten haben Sie voriges Jahr gemeldet?",
        ],
        scale: [
            "Trifft gar nicht zu",
            "Trifft eher nicht zu",
            "Teils, teils",
            "Trifft eher zu",
            "Trifft voll zu",
        ],
        truth: ["Wahr", "Falsch"],
        choices: [
            "Per Mail, per Telefon",
            "=HYPERLINK(\"http://example.com\")",
            "Der „Knopf“ <b>oben</b>",
            "Gar nicht 🙈",
        ],
        pairs: [["Mail", "Melden"], ["Anruf", "Auflegen, zurückrufen"]],
        nameless: Nameless {
            text: "Möchten Sie noch etwas hinzufügen?",
            digest: "39c592b2dec489da",
        },
    },
];

/// What is written by hand, in whatever language.
pub const FREE_TEXTS: &[&str] = &[
    "Çok iyi, teşekkürler 🙏",
    "=HYPERLINK(\"http://example.com\")",
    "first line\nsecond line",
    "He said \"no\", twice",
    "<script>alert(1)</script>",
    "+1, as always",
    "yok",
];

/// Numbers as they are typed.
pub const NUMBERS: &[&str] = &["0", "3", "42", "3,5", "-1", "1e3"];
