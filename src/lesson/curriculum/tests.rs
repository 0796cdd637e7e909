use super::super::files::MAX_FILE;
use super::*;
use crate::lesson::Show;

#[test]
fn the_embedded_curriculum_has_no_problems() {
    let curriculum = Curriculum::embedded_checked();
    let problems: Vec<String> = curriculum.problems.iter().map(Problem::to_string).collect();
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let ids: Vec<&str> = curriculum.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0], ids[21]), (22, "two-kinds", "life-of-a-certificate"));
}

#[test]
fn a_lesson_is_found_by_id_number_and_folder() {
    let curriculum = Curriculum::embedded();
    for name in ["the-admin", "8", "08", "08-the-admin", "The-Admin"] {
        assert_eq!(curriculum.find(name).unwrap().id, "the-admin");
    }
    let error = curriculum.find("admin").unwrap_err();
    assert_eq!(error.nearest.as_deref(), Some("the-admin"));
    assert!(error.to_string().contains("did you mean `the-admin`?"), "{error}");
    assert_eq!(curriculum.find("grups").unwrap_err().nearest.as_deref(), Some("groups"));
    assert_eq!(curriculum.find("").unwrap_err().nearest, None);
}

const TOML: &str = r#"minutes = 5

[[step]]
id = "guess"
kind = "predict"
of = "mend"
outcomes = ["200", "401"]
answer = 2
show = [{ commands = "admin" }, { artifact = { id = "admin", focus = ["subject"] } }, "cluster"]

[[step]]
id = "mend"
kind = "break"
client = "admin"
server = "kube-apiserver"
change = { artifact = "admin", signer = "self" }
expect = { outcome = "401" }
"#;

const EN: &str = "# Title

The aim.

## guess: Guess

What now?

1. It works
2. It does
   not

---

Because.

## mend: Break it

Go.
";

const KO: &str = "# 제목

목표예요.

## guess: 맞혀 봐요

어떻게 될까요?

1. 돼요
2. 안 돼요

---

이유예요.

## mend: 망가뜨려요

해 봐요.
";

fn with(files: &[(&str, &str)]) -> Curriculum {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Curriculum::from_dir(dir.path())
}

fn three<'a>(toml: &'a str, en: &'a str, ko: &'a str) -> Curriculum {
    with(&[("01-a/lesson.toml", toml), ("01-a/en.md", en), ("01-a/ko.md", ko), ("README.md", "")])
}

#[test]
fn a_lesson_from_a_directory_is_whole() {
    let curriculum = three(TOML, EN, KO);
    assert_eq!(curriculum.problems, []);
    let lesson = &curriculum.lessons[0];
    assert_eq!((lesson.id.as_str(), lesson.number, lesson.minutes), ("a", 1, 5));
    assert_eq!((lesson.title.ko.as_str(), lesson.aim.en.as_str()), ("제목", "The aim."));
    let guess = &lesson.steps[0];
    assert_eq!(guess.words.en.choices, ["It works", "It does not"]);
    assert_eq!((guess.words.en.text.as_str(), guess.words.ko.after.as_str()), ("What now?", "이유예요."));
    assert_eq!(guess.show[0], Show::Commands("admin".into()));
    assert_eq!(guess.show[2], Show::Cluster);
    assert_eq!(lesson.step("mend").unwrap().1.action.expected().unwrap().outcome, "401");
}

/// What is put in place of what, in which file, and the problem that this is.
#[test]
fn every_problem_is_found_with_its_file_and_line() {
    let long_text = format!("Go. {}", "word ".repeat(140));
    let long_after = format!("Because. {}", "word ".repeat(140));
    let cases: &[(&str, &str, &str, &str)] = &[
        // lesson.toml
        ("toml", "minutes = 5", "minutes = ", "01-a/lesson.toml:1:"),
        ("toml", "minutes = 5", "minutes = \"5\"", "01-a/lesson.toml:1: minutes:"),
        ("toml", "minutes = 5", "minuets = 5", "01-a/lesson.toml:1: unknown key `minuets`"),
        ("toml", "answer = 2", "answre = 2", "01-a/lesson.toml:8: unknown field `answre`"),
        ("toml", "answer = 2", "", "01-a/lesson.toml:3: missing field `answer`"),
        ("toml", "answer = 2", "answer = 0", "01-a/lesson.toml:3: `answer` counts from 1"),
        ("toml", "answer = 2", "answer = 1", "01-a/lesson.toml:3: the answer must stand for `401`"),
        ("toml", "\"200\", \"401\"", "\"401\", \"401\"", "01-a/lesson.toml:3: two choices stand for `401`"),
        ("toml", "of = \"mend\"", "of = \"guess\"", "01-a/lesson.toml:3: `of` names no later"),
        ("toml", "of = \"mend\"", "", "01-a/lesson.toml:3: `outcomes` needs `of`"),
        ("toml", "outcome = \"401\"", "outcome = \"410\"", "01-a/lesson.toml:11: there is no outcome `410`"),
        (
            "toml",
            "kind = \"break\"",
            "kind = \"brake\"",
            "01-a/lesson.toml:13: there is no kind `brake`: did you mean `break`",
        ),
        ("toml", "change =", "chnage =", "01-a/lesson.toml:11: this step has no `change`"),
        ("toml", "signer = \"self\"", "signer = \"me\"", "01-a/lesson.toml:16: unknown variant `me`"),
        ("toml", "signer =", "singer =", "01-a/lesson.toml:16: unknown field `singer`"),
        ("toml", "expect = {", "tls = \"1.1\"\nexpect = {", "01-a/lesson.toml:11: `tls` is"),
        ("toml", "id = \"mend\"", "id = \"guess\"", "01-a/lesson.toml:11: the id `guess` is there already"),
        ("toml", "id = \"mend\"", "id = \"Mend it\"", "01-a/lesson.toml:11: the id `Mend it` is not words"),
        ("toml", "id = \"mend\"", "", "01-a/lesson.toml:11: this step has no `id`"),
        ("toml", "commands", "comands", "01-a/lesson.toml:9: unknown variant `comands`"),
        // words
        (
            "en",
            "## mend: Break it",
            "## mned: Break it",
            "01-a/en.md:17: the section `mned` is no step of lesson.toml: did you mean `mend`",
        ),
        (
            "en",
            "## mend: Break it",
            "## mned: Break it",
            "01-a/en.md:19: no section `## mend: …` for the step at lesson.toml:11",
        ),
        (
            "en",
            "## mend: Break it",
            "## guess: Break it",
            "01-a/en.md:17: the section `guess` is there already",
        ),
        ("en", "## mend: Break it", "## mend", "01-a/en.md:17: the heading says nothing"),
        ("en", "## mend: Break it", "### mend: Break it", "01-a/en.md:17: this heading is none of ours"),
        ("en", "## mend: Break it", "# mend", "01-a/en.md:17: a second `# Title`"),
        ("en", "Go.", "", "01-a/en.md:17: this step has no text"),
        ("en", "Go.", &long_text, "01-a/en.md:17: `mend` takes"),
        ("en", "Because.", &long_after, "01-a/en.md:15: `guess` takes"),
        ("en", "# Title", "", "01-a/en.md:1: no title"),
        ("en", "The aim.", "", "01-a/en.md:1: no aim"),
        ("en", "2. It does\n   not\n", "", "01-a/en.md:5: a question needs two choices"),
        (
            "en",
            "2. It does\n   not\n",
            "2. It does\n3. Or not\n",
            "01-a/en.md:5: there are 3 choices and 2 `outcomes`",
        ),
        ("en", "2. It does", "3. It does", "01-a/en.md:10: after the first choice only choices"),
        ("en", "---\n\nBecause.\n", "", "01-a/en.md:5: a question needs an explanation"),
        ("en", "Because.", "", "01-a/en.md:5: this step has a `---` and nothing after it"),
        ("en", "Because.", "Because.\n\n---\n\nAnd.", "01-a/en.md:17: a second `---`"),
        ("en", "Go.", "```\nGo.", "01-a/en.md:20: a code block is opened"),
        ("ko", "해 봐요.", "**기관(CA)**은 해요.", "01-a/ko.md:16: a `**` or a backtick"),
        ("ko", "해 봐요.", "해 봐\u{110b}\u{116d}.", "01-a/ko.md:18: this line is not in Unicode NFC"),
        (
            "ko",
            "해 봐요.",
            "해\u{1b}[2J 봐요.",
            "01-a/ko.md:18: a character that a terminal would obey or hide: `해\\u{1b}[2J 봐요.`",
        ),
    ];
    let mut wrong = String::new();
    for (file, from, to, expected) in cases {
        let change = |name: &str, text: &str| {
            if *file != name {
                return text.to_owned();
            }
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        };
        let curriculum = three(&change("toml", TOML), &change("en", EN), &change("ko", KO));
        let found: Vec<String> = curriculum.problems.iter().map(Problem::to_string).collect();
        if !found.iter().any(|problem| problem.starts_with(expected)) {
            wrong += &format!("{from:?} -> {to:?}: {expected}\n  {}\n", found.join("\n  "));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn answers_must_be_among_the_choices_of_both_languages() {
    let toml = TOML.replace("of = \"mend\"\noutcomes = [\"200\", \"401\"]\nanswer = 2", "answer = 3");
    let ko = KO.replace("2. 안 돼요", "2. 안 돼요\n3. 몰라요");
    let problems = three(&toml, EN, &ko).problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "01-a/en.md:5: the answer is choice 3, and there are 2");
    let toml = toml.replace("answer = 3", "answer = 1");
    let problems = three(&toml, EN, &ko).problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].to_string(), "01-a/ko.md:5: there are 3 choices here and 2 in en.md");
}

#[test]
fn sections_out_of_order_are_told() {
    let (guess, mend) = EN[EN.find("## guess").unwrap()..]
        .split_at(EN[EN.find("## guess").unwrap()..].find("## mend").unwrap());
    let en = format!("# Title\n\nThe aim.\n\n{mend}\n{guess}");
    let problems = three(TOML, &en, KO).problems;
    assert_eq!(
        problems[0].to_string(),
        "01-a/en.md:5: the section `mend` is out of order: in lesson.toml `guess` is next"
    );
}

#[test]
fn a_faulty_lesson_leaves_the_others_alone() {
    let curriculum = with(&[
        ("01-a/lesson.toml", TOML),
        ("01-a/en.md", EN),
        ("02-b/lesson.toml", TOML),
        ("02-b/en.md", EN),
        ("02-b/ko.md", KO),
        ("04-a/lesson.toml", TOML),
        ("Draft/en.md", EN),
        (".git/en.md", EN),
    ]);
    let found: Vec<String> = curriculum.problems.iter().map(Problem::to_string).collect();
    let expected = [
        "01-a/ko.md:1: a translation is missing",
        "04-a:1: lesson number 04 stands where 03 is next",
        "04-a:1: the lesson `a` is there already, in 01-a",
        "Draft:1: a lesson's directory is `NN-slug`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    let ids: Vec<&str> = curriculum.lessons.iter().map(|lesson| lesson.id.as_str()).collect();
    assert_eq!(ids, ["b"]);
}

#[test]
fn what_cannot_be_read_is_a_problem() {
    let nowhere = Curriculum::from_dir(Path::new("/no/such/lessons"));
    assert!(nowhere.problems[0].message.contains("cannot be read"));
    let dir = tempfile::tempdir().unwrap();
    assert!(Curriculum::from_dir(dir.path()).problems[0].message.contains("there is no lesson"));
    std::fs::create_dir(dir.path().join("01-a")).unwrap();
    std::fs::write(dir.path().join("01-a/en.md"), b"\xff").unwrap();
    std::fs::write(dir.path().join("01-a/ko.md"), vec![b' '; (MAX_FILE + 1) as usize]).unwrap();
    let found: Vec<String> =
        Curriculum::from_dir(dir.path()).problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        found,
        [
            "01-a/en.md:1: the file is not UTF-8 from here on: save it as UTF-8",
            "01-a/ko.md:1: this file cannot be read: 1048577 bytes are too many for a lesson's file",
            "01-a/lesson.toml:1: the lesson's mechanism is missing",
        ]
    );
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_taken() {
    let windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let curriculum = three(&windows(TOML), &windows(EN), &windows(KO));
    assert_eq!(curriculum.problems, []);
    assert_eq!(curriculum.lessons[0].steps[0].words.en.choices[1], "It does not");
}
