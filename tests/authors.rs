//! A teacher's lessons with errors of every kind: each is named with its file and line, and
//! the other lessons still run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;

use common::{argument, command, dojang, text};

const TOML: &str = r#"minutes = 5

[[step]]
id = "guess"
kind = "predict"
of = "mend"
outcomes = ["200", "401"]
answer = 2

[[step]]
id = "mend"
kind = "break"
client = "admin"
server = "kube-apiserver"
change = { artifact = "admin", signer = "self" }
expect = { outcome = "401" }

[[step]]
id = "make"
kind = "make"
artifacts = ["admin"]
show = [{ commands = "admin" }]

[[step]]
id = "look"
kind = "look"
artifact = "admin"
expect = { extendedKeyUsage = "clientAuth" }
show = [{ artifact = { id = "admin", focus = ["subject"] } }]

[[step]]
id = "call"
kind = "connect"
client = "admin"
server = "kube-apiserver"
expect = { outcome = "200" }
show = [{ connection = { client = "admin", server = "kube-apiserver" } }]
"#;

const EN: &str = "# Title

The aim.

## guess: Guess

What now?

1. It works
2. It does not

---

Because.

## mend: Break it

Go.

## make: Make it

Go.

## look: Look at it

Go.

## call: Call it

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

## make: 만들어요

해 봐요.

## look: 보세요

해 봐요.

## call: 불러요

해 봐요.
";

/// A lesson of one step, which nothing is wrong with.
const OTHER: [(&str, &str); 3] = [
    ("lesson.toml", "minutes = 1\n\n[[step]]\nid = \"one\"\nkind = \"read\"\n"),
    ("en.md", "# Other\n\nAn aim.\n\n## one: First\n\nText.\n"),
    ("ko.md", "# 다른 것\n\n목표예요.\n\n## one: 처음\n\n글이에요.\n"),
];

/// Two lessons, the first with one of its files changed.
fn lessons(file: &str, old: &str, new: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let root = directory.path();
    for folder in ["01-mine", "02-other"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    for (name, source) in [("lesson.toml", TOML), ("en.md", EN), ("ko.md", KO)] {
        let source = match name == file {
            true => {
                assert!(source.contains(old), "{old}");
                source.replacen(old, new, 1)
            }
            false => source.to_owned(),
        };
        fs::write(root.join("01-mine").join(name), source).unwrap();
    }
    for (name, source) in OTHER {
        fs::write(root.join("02-other").join(name), source).unwrap();
    }
    directory
}

/// What `lessons check` says of a directory, each problem a line.
fn problems(root: &Path, status: i32) -> String {
    let output = dojang(&["lessons", "check", argument(root)]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(status), "{said}{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("panicked"));
    said
}

/// The lesson that is sound is there, whatever the other one is.
fn the_rest_runs(root: &Path) {
    let output = dojang(&["--lessons", argument(root), "walk", "--key", "p256", "other", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let done = report["results"].as_array().unwrap().iter().find(|row| row["lesson"] == "other").unwrap();
    assert_eq!(done["ok"], true, "{done}");
}

#[test]
fn sound_lessons_have_no_problems() {
    let directory = lessons("none", "", "");
    let before = fs::read_dir(directory.path()).unwrap().count();
    assert!(problems(directory.path(), 0).contains("nothing wrong"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), before, "the lessons are only read");
    the_rest_runs(directory.path());
}

/// What is put in place of what, in which file; where that shows, and a part of what is said.
#[test]
fn every_kind_of_mistake_is_found_with_file_and_line() {
    let long = format!("Because. {}", "word ".repeat(140));
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        // TOML and its keys.
        ("lesson.toml", "id = \"guess\"", "id = \"guess", "lesson.toml:4", ""),
        ("lesson.toml", "minutes = 5", "minuets = 5", "lesson.toml:1", "unknown key `minuets`"),
        ("lesson.toml", "artifacts = [", "artefacts = [", "lesson.toml:21", "unknown field `artefacts`"),
        ("lesson.toml", "kind = \"look\"", "kind = \"lok\"", "lesson.toml:26", "did you mean `look`"),
        ("lesson.toml", "signer = \"self\"", "signer = \"slef\"", "lesson.toml:15", "unknown variant `slef`"),
        // Names that the cluster does not have.
        ("lesson.toml", "client = \"admin\"", "client = \"amdin\"", "lesson.toml:10", "did you mean `admin`"),
        (
            "lesson.toml",
            "server = \"kube-apiserver\"",
            "server = \"kube-apisever\"",
            "lesson.toml:10",
            "did you mean `kube-apiserver`",
        ),
        (
            "lesson.toml",
            "artifact = \"admin\", s",
            "artifact = \"admni\", s",
            "lesson.toml:10",
            "did you mean `admin`",
        ),
        (
            "lesson.toml",
            "artifacts = [\"admin\"]",
            "artifacts = [\"apisever\"]",
            "lesson.toml:18",
            "did you mean `apiserver`",
        ),
        (
            "lesson.toml",
            "artifact = \"admin\"\n",
            "artifact = \"kubelet-server@node9\"\n",
            "lesson.toml:24",
            "no node `node9`",
        ),
        (
            "lesson.toml",
            "extendedKeyUsage",
            "extendedKeyUsgae",
            "lesson.toml:24",
            "did you mean `extendedKeyUsage`",
        ),
        // What stands beside the text.
        (
            "lesson.toml",
            "commands = \"admin\"",
            "commands = \"admni\"",
            "lesson.toml:18",
            "did you mean `admin`",
        ),
        (
            "lesson.toml",
            "focus = [\"subject\"]",
            "focus = [\"subjct\"]",
            "lesson.toml:24",
            "did you mean `subject`",
        ),
        (
            "lesson.toml",
            "connection = { client = \"admin\"",
            "connection = { client = \"nobody\"",
            "lesson.toml:31",
            "there is no client `nobody`",
        ),
        (
            "lesson.toml",
            "{ commands = \"admin\" }",
            "\"clutser\"",
            "lesson.toml:22",
            "unknown variant `clutser`",
        ),
        // What is declared and what comes.
        (
            "lesson.toml",
            "outcome = \"401\"",
            "outcome = \"410\"",
            "lesson.toml:10",
            "there is no outcome `410`",
        ),
        (
            "lesson.toml",
            "outcome = \"200\"",
            "outcome = \"403\"",
            "lesson.toml:31",
            "declares 403 but comes to 200",
        ),
        (
            "lesson.toml",
            "\"clientAuth\"",
            "\"serverAuth\"",
            "lesson.toml:24",
            "declares extendedKeyUsage=serverAuth but comes to extendedKeyUsage=clientAuth",
        ),
        // Questions.
        ("lesson.toml", "answer = 2", "answer = 1", "lesson.toml:3", "the answer must stand for `401`"),
        (
            "lesson.toml",
            "of = \"mend\"\noutcomes = [\"200\", \"401\"]\nanswer = 2",
            "answer = 3",
            "ko.md:5",
            "the answer is choice 3, and there are 2",
        ),
        ("en.md", "---\n\nBecause.\n", "", "en.md:5", "a question needs an explanation"),
        ("ko.md", "1. 돼요\n2. 안 돼요\n", "", "ko.md:5", "a question needs two choices"),
        // Ids.
        ("lesson.toml", "id = \"look\"", "id = \"make\"", "lesson.toml:24", "the id `make` is there already"),
        ("lesson.toml", "id = \"look\"", "id = \"Look\"", "lesson.toml:24", "is not words of a-z"),
        ("en.md", "## look:", "## make:", "en.md:24", "the section `make` is there already"),
        ("en.md", "## look:", "## lok:", "en.md:24", "did you mean `look`"),
        // Words.
        (
            "ko.md",
            "## call: 불러요\n\n해 봐요.\n",
            "",
            "ko.md:27",
            "no section `## call: …` for the step at lesson.toml:31",
        ),
        ("en.md", "Because.", &long, "en.md:14", "rows of 38 columns"),
        ("ko.md", "이유예요", "이유예\u{1112}\u{1161}\u{11ab}요", "ko.md:14", "not in Unicode NFC"),
        ("en.md", "Because.", "Be\u{1b}[2Jcause.", "en.md:14", "a terminal would obey"),
    ];
    for (file, old, new, place, expected) in cases {
        let directory = lessons(file, old, new);
        let said = problems(directory.path(), 1);
        let place = format!("01-mine/{place}: ");
        let found = said.lines().any(|text| text.contains(&place) && text.contains(expected));
        assert!(found, "{file}: {old:?} -> {new:?}: not at {place}{expected}\n{said}");
        assert!(!said.contains('\u{1b}') && !said.contains("02-other"), "{said}");
    }
}

#[test]
fn a_mistake_in_one_lesson_leaves_the_others_alone() {
    for (file, old, new) in [
        ("lesson.toml", "id = \"guess\"", "id = \"guess"),
        ("ko.md", "## call: 불러요", "## 불러요"),
        ("lesson.toml", "client = \"admin\"", "client = \"amdin\""),
    ] {
        let directory = lessons(file, old, new);
        the_rest_runs(directory.path());
    }
}

#[test]
fn files_that_do_not_serve() {
    type Spoil = fn(&Path);
    let cases: &[(&str, Spoil, &str)] = &[
        (
            "a missing translation",
            |root| fs::remove_file(root.join("01-mine/ko.md")).unwrap(),
            "01-mine/ko.md:1: a translation is missing",
        ),
        (
            "no mechanism",
            |root| fs::remove_file(root.join("01-mine/lesson.toml")).unwrap(),
            "01-mine/lesson.toml:1: the lesson's mechanism is missing",
        ),
        (
            "not UTF-8",
            |root| fs::write(root.join("01-mine/en.md"), b"# Title\n\nThe \xff aim.\n").unwrap(),
            "01-mine/en.md:3: the file is not UTF-8",
        ),
        (
            "an empty file",
            |root| fs::write(root.join("01-mine/en.md"), "").unwrap(),
            "01-mine/en.md:1: no title",
        ),
        (
            "an empty mechanism",
            |root| fs::write(root.join("01-mine/lesson.toml"), "").unwrap(),
            "01-mine/lesson.toml:1: no `[[step]]`",
        ),
        (
            "an empty lesson",
            |root| fs::create_dir(root.join("03-empty")).unwrap(),
            "03-empty/en.md:1: a translation is missing",
        ),
        (
            "a directory for a file",
            |root| {
                fs::remove_file(root.join("01-mine/en.md")).unwrap();
                fs::create_dir(root.join("01-mine/en.md")).unwrap();
            },
            "01-mine/en.md:1: this file cannot be read: it is no file",
        ),
        (
            "a file without end",
            |root| {
                fs::remove_file(root.join("01-mine/en.md")).unwrap();
                symlink("/dev/zero", root.join("01-mine/en.md")).unwrap();
            },
            "01-mine/en.md:1: this file cannot be read: it is no file",
        ),
        (
            "far too large a file",
            |root| {
                fs::File::options()
                    .write(true)
                    .open(root.join("01-mine/ko.md"))
                    .unwrap()
                    .set_len(1 << 30)
                    .unwrap();
            },
            "01-mine/ko.md:1: this file cannot be read: 1073741824 bytes are too many",
        ),
        (
            "a link to itself",
            |root| {
                fs::remove_file(root.join("01-mine/en.md")).unwrap();
                symlink("en.md", root.join("01-mine/en.md")).unwrap();
            },
            "01-mine/en.md:1: this file cannot be read: it is a symbolic link that leads back to itself",
        ),
        (
            "a link to nothing",
            |root| {
                fs::remove_file(root.join("01-mine/en.md")).unwrap();
                symlink("gone.md", root.join("01-mine/en.md")).unwrap();
            },
            "01-mine/en.md:1: this file cannot be read: it does not exist, or is a link",
        ),
        (
            "a lesson that links to itself",
            |root| symlink("03-loop", root.join("03-loop")).unwrap(),
            "03-loop:1: this cannot be read: it is a symbolic link that leads back",
        ),
        ("a lesson within itself", |root| symlink("..", root.join("02-other/within")).unwrap(), ""),
        (
            "a wrong name",
            |root| fs::rename(root.join("01-mine"), root.join("1-Mine")).unwrap(),
            "1-Mine:1: a lesson's directory is `NN-slug`",
        ),
        (
            "a gap",
            |root| fs::rename(root.join("01-mine"), root.join("04-mine")).unwrap(),
            "04-mine:1: lesson number 04 stands where 03 is next",
        ),
        (
            "a lesson twice",
            |root| fs::rename(root.join("02-other"), root.join("02-mine")).unwrap(),
            "02-mine:1: the lesson `mine` is there already, in 01-mine",
        ),
    ];
    for (what, spoil, expected) in cases {
        let directory = lessons("none", "", "");
        spoil(directory.path());
        let said = problems(directory.path(), i32::from(!expected.is_empty()));
        assert!(said.contains(expected), "{what}: {said}");
        if *what != "a lesson twice" {
            the_rest_runs(directory.path());
        }
    }
}

#[test]
fn a_directory_without_lessons() {
    let directory = tempfile::tempdir().unwrap();
    let said = problems(directory.path(), 1);
    assert!(said.contains(&format!("{}:1: there is no lesson", directory.path().display())), "{said}");
    let output = dojang(&["lessons", "check", argument(&directory.path().join("nowhere"))]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no directory of lessons"), "{}", text(&output.stderr));
}

#[test]
fn a_file_that_only_others_may_read() {
    let directory = lessons("none", "", "");
    for (path, mode) in [("01-mine/en.md", 0o000), ("02-other", 0o000)] {
        fs::set_permissions(directory.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut check = command(&["lessons", "check", argument(directory.path())]);
    check.current_dir("/");
    // Root may read everything, so it is not root that asks.
    let root = std::process::Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    let program = if root {
        // Where the program was built nobody else may be let in.
        let copy = tempfile::Builder::new().prefix("dojang-").tempdir_in("/tmp").unwrap();
        fs::set_permissions(copy.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let program = copy.path().join("dojang");
        fs::copy(common::DOJANG, &program).unwrap();
        check = std::process::Command::new(&program);
        check
            .args(["lessons", "check", argument(directory.path())])
            .env("LANG", "C.UTF-8")
            .env("TMPDIR", "/tmp");
        check.current_dir("/").uid(65534).gid(65534);
        Some(copy)
    } else {
        None
    };
    let output = check.output().unwrap();
    drop(program);
    fs::set_permissions(directory.path().join("02-other"), fs::Permissions::from_mode(0o755)).unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}{}", text(&output.stderr));
    assert!(said.contains("01-mine/en.md:1: this file cannot be read: permission denied"), "{said}");
    assert!(said.contains("02-other/en.md:1: this file cannot be read: permission denied"), "{said}");
}

#[test]
fn one_lesson_is_reset_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    common::answer(&["pki", "create", root, "--key", "p256"]);
    let progress = directory.path().join(".dojang/progress.toml");
    fs::write(
        &progress,
        "version = 1\nlesson = \"groups\"\nstep = \"look\"\n[lessons.groups]\ndone = [\"again\", \"look\"]\n\
         [lessons.the-admin]\ndone = [\"make\"]\n",
    )
    .unwrap();
    let refused = dojang(&["reset", "--lesson", "grups", "--yes", "--dir", root]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("did you mean `groups`"), "{}", text(&refused.stderr));
    // Without an answer nothing is removed.
    let asked = command(&["reset", "--lesson", "9", "--dir", root])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(asked.status.code(), Some(2));
    assert!(fs::read_to_string(&progress).unwrap().contains("again"));

    let said = common::answer(&["reset", "--lesson", "9", "--yes", "--dir", root]);
    assert!(said.contains("groups: 2 steps forgotten"), "{said}");
    let kept = fs::read_to_string(&progress).unwrap();
    assert!(!kept.contains("again") && kept.contains("the-admin"), "{kept}");
    assert!(directory.path().join("admin.crt").is_file());
    let korean = common::answer(&["reset", "--lesson", "groups", "--yes", "--dir", root, "--lang", "ko"]);
    assert!(korean.contains("마친 단계가 없어요"), "{korean}");
    let list = common::answer(&["lessons", "list", "--dir", root, "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&list[7]["done"], &list[8]["done"]), (&1.into(), &0.into()));
}
