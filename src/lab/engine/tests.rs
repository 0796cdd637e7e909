use super::*;

/// A lab in this directory, with what it told when it was opened.
fn lab(root: &std::path::Path) -> (Lab, Vec<String>) {
    let options = LabOptions {
        directory: Directory::At(root.to_owned()),
        spec: None,
        clock: Clock::System,
        lessons: None,
    };
    let lab = Lab::open(options).unwrap();
    let notices = lab.take_notices();
    (lab, notices)
}

#[test]
fn what_a_newer_program_wrote_is_neither_lost_nor_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let (first, _) = lab(directory.path());
    let path = first.store().path(&first.store().own(PROGRESS));
    drop(first);
    let newer = "version = 9\n[done]\nall = true\n";
    std::fs::write(&path, newer).unwrap();
    for turn in 0..2 {
        let (lab, notices) = lab(directory.path());
        assert_eq!(notices.len(), 1, "{notices:?}");
        assert!(notices[0].contains("version 9") && notices[0].contains("progress-1.toml"), "{notices:?}");
        assert_eq!(lab.progress().is_done("groups", "look"), turn == 1);
        lab.record(|progress| progress.mark_done("groups", "look")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);
    }
}

#[test]
fn what_does_not_read_is_set_aside_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let (first, _) = lab(directory.path());
    let path = first.store().path(&first.store().own(PROGRESS));
    drop(first);
    std::fs::write(&path, b"version = \xff").unwrap();
    let (lab, notices) = lab(directory.path());
    assert!(notices[0].contains("set-aside"), "{notices:?}");
    lab.record(|progress| progress.mark_done("groups", "look")).unwrap();
    assert!(path.is_file());
}

#[test]
fn one_lesson_is_reset_and_the_others_stay() {
    let directory = tempfile::tempdir().unwrap();
    let (lab, _) = lab(directory.path());
    lab.record(|progress| {
        progress.mark_done("groups", "look");
        progress.mark_done("groups", "connect");
        progress.mark_done("the-admin", "look");
        progress.mark_done("of-another-teacher", "one");
    })
    .unwrap();
    assert_eq!(lab.reset_lesson("9").unwrap(), ("groups".to_owned(), 2));
    assert_eq!(lab.reset_lesson("of-another-teacher").unwrap(), ("of-another-teacher".to_owned(), 1));
    assert!(matches!(lab.reset_lesson("grups"), Err(LabError::Lesson(_))));
    assert!(lab.progress().is_done("the-admin", "look"));
    drop(lab);
    let (lab, _) = super::tests::lab(directory.path());
    assert!(!lab.progress().is_done("groups", "look") && lab.progress().is_done("the-admin", "look"));
}
