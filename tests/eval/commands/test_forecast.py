from drivewm import cli
from tests.eval.forecast import hand


def test_tables_are_made_again_without_a_model(tmp_path, capsys):
    hand.write(tmp_path, 0.7)
    assert cli.main(["forecast", "--tables", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "ego mode gt" in out and "blake2b 00" in out
    assert "model - ego-warp: miou at 1 s +0.2000 [" in out
    assert (tmp_path / "table.md").exists()


def test_a_mask_that_the_labels_lack_is_said(tmp_path, capsys):
    hand.write(tmp_path, 0.7)
    assert cli.main(["forecast", "--tables", str(tmp_path), "--mask", "lidar"]) == 0
    assert "the labels have no lidar mask" in capsys.readouterr().out


def test_what_is_missing_or_too_much_is_one_line(tmp_path, capsys):
    for arguments, says in (
        (["run", "-o", "x"], "needs RUN ... FLEET -o FOLDER"),
        (["run", "fleet"], "needs RUN ... FLEET -o FOLDER"),
        (["run", "fleet", "-o", "x", "--planner", "idm"], "[--planner] is not asked"),
        (["--tables", "x", "-o", "y"], "[--tables] stands alone"),
        (["--tables", str(tmp_path)], "no counts here"),
    ):
        assert cli.main(["forecast", *arguments]) == 2
        message = capsys.readouterr().err
        assert says in message and message.count("\n") == 1
