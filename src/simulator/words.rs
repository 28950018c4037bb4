//! Invented names, chosen to be awkward: other alphabets, quotes, commas, emoji.

/// First names in the order of the spelling used in e-mail addresses, which comes first.
pub const FIRST_NAMES: &[(&str, &str)] = &[
    ("ada", "Ada"),
    ("ayse", "Ayşe"),
    ("bjorn", "Björn"),
    ("cagri", "Çağrı"),
    ("cy", "Cy"),
    ("dilek", "Dilek"),
    ("dmitri", "Дмитрий"),
    ("elif", "Elif"),
    ("fatma", "Fatma"),
    ("gokce", "Gökçe"),
    ("hana", "花"),
    ("ibrahim", "İbrahim"),
    ("irmak", "Irmak"),
    ("jose", "José \"Pepe\""),
    ("kerem", "Kerem"),
    ("lale", "Lâle"),
    ("mina", "Mina 🌿"),
    ("nur", "Nur"),
    ("omer", "Ömer"),
    ("pelin", "Pelin"),
    ("quentin", "Quentin"),
    ("ruya", "Rüya"),
    ("sule", "Şule"),
    ("tuna", "Tuna"),
    ("umut", "Umut"),
    ("vera", "Vera"),
    ("wei", "伟"),
    ("yigit", "Yiğit"),
    ("zoe", "Zoë"),
];

/// Last names, with the spelling used in e-mail addresses.
pub const LAST_NAMES: &[(&str, &str)] = &[
    ("example", "Example"),
    ("oexample", "O'Example, Jr."),
    ("ornek", "Örnek"),
    ("ozdemo", "Özdemo"),
    ("sahte", "Şahte"),
    ("muster", "Müster-Mann"),
    ("prova", "Próva"),
    ("sample", "Sample"),
    ("testoglu", "Testoğlu"),
    ("placeholder", "Placeholder"),
    (
        "longname",
        "van der Very-Long-Name to Be Cut Nowhere at All",
    ),
    ("simul", "Simul"),
];

/// Departments; most users have none.
pub const DEPARTMENTS: &[&str] = &[
    "Finance",
    "IT",
    "Muhasebe & Finans",
    "İnsan Kaynakları",
    "R&D, \"Blue\" Team",
    "Support",
    "Sales / EMEA",
    "Üretim",
];

/// First words of company names.
pub const COMPANY_NAMES: &[&str] = &[
    "Alpha",
    "Beta",
    "Gökyüzü",
    "Delta",
    "Épsilon",
    "Zeta",
    "Işık",
    "Theta",
    "Kappa",
    "Lambda",
    "Ömega",
    "Rüzgâr",
    "Sigma",
    "Şimşek",
    "Tau",
    "Çınar",
];

/// Last words of company names.
pub const COMPANY_KINDS: &[&str] = &[
    "Example",
    "Example Ltd.",
    "Example A.Ş.",
    "Example, Inc.",
    "\"Example\" GmbH",
    "Example 🚀 Labs",
    "Example & Sons",
];

/// Industries with their ids.
pub const INDUSTRIES: &[(&str, &str)] = &[
    ("inDu00000001", "Technology"),
    ("inDu00000002", "Healthcare"),
    ("inDu00000003", "Finans & Bankacılık"),
    ("inDu00000004", "Public Sector"),
    ("inDu00000005", "Retail, Wholesale"),
];

/// Licence types with their ids.
pub const LICENSES: &[(&str, &str)] = &[
    ("LiCe00000001", "Full"),
    ("LiCe00000002", "Trial"),
    ("LiCe00000003", "Awareness Only"),
];

/// Subjects of trainings.
pub const SUBJECTS: &[&str] = &[
    "Phishing Basics",
    "Password Hygiene",
    "Kişisel Verilerin Korunması",
    "Ransomware, Explained",
    "Social \"Engineering\"",
    "Mobile Safety 📱",
    "Remote Work",
    "Açık Kaynak İstihbaratı",
    "Clean Desk",
    "Deepfakes",
];

/// Subjects of surveys.
pub const SURVEYS: &[&str] = &[
    "Culture Survey",
    "Pulse",
    "Güvenlik Kültürü Anketi",
    "Onboarding Feedback, Short",
];

/// Categories of trainings.
pub const CATEGORIES: &[&str] = &["Awareness", "Compliance", "Siber Güvenlik", "Onboarding"];

/// Languages of trainings.
pub const LANGUAGES: &[&str] = &["EN-GB", "TR-TR", "DE-DE", "FR-FR", "JA-JP"];

/// Tags of companies and enrollments.
pub const TAGS: &[&str] = &["vip", "EMEA", "pilot", "yüksek risk", "Q1, 2026", "VIP"];

/// Roles a training is made for: number, code, name.
pub const ROLES: &[(i64, &str, &str)] = &[
    (1, "ALL", "All Employees"),
    (2, "EXEC", "Executives"),
    (3, "IT", "IT Staff"),
    (4, "FIN", "Finans Ekibi"),
];
