# WORKFLOW: the folder of Snakefile, rules and scripts on this disk, from which the package is imported.
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path


def copy_of(source):
    """The workflow of a repository that Snakemake reads by `github(…)`: it fetches scripts, but not what they import.

    One copy per commit, in Snakemake's cache.
    """
    repository = source.hosted_repo.repo
    commit = repository.commit(source.ref).hexsha
    folder = Path(workflow.sourcecache.cache_path, "lesionflow", commit)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            archive, files = Path(temporary, "files.tar"), Path(temporary, "files")
            with archive.open("wb") as stream:
                repository.archive(stream, commit)
            shutil.unpack_archive(archive, files)
            with contextlib.suppress(OSError):  # another process was first
                files.rename(folder)
    search = [f"{folder}/workflow/scripts", *filter(None, [os.getenv("PYTHONPATH")])]
    os.environ.update(PYTHONPATH=os.pathsep.join(search))  # of the processes that run the scripts
    return folder / "workflow"


HERE = workflow.current_basedir
WORKFLOW = Path(str(HERE)).parent.parent if HERE.is_local else copy_of(HERE)
sys.path.insert(0, str(WORKFLOW / "scripts"))
