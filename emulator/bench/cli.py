"""`pump-board`: boards on the bench. flash, verify, doctor, virtual, hil.

Exit codes: 0 ok; 1 a failed check or verdict; 2 usage; 3 link.
"""

import click

from emulator.bench.cli_doctor import doctor
from emulator.bench.cli_flash import flash
from emulator.bench.cli_hil import hil
from emulator.bench.cli_verify import verify
from emulator.bench.cli_virtual import virtual


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Put the pump on a board, check it, and drive it with the emulated plant.

    A development and research system: never for use on people or animals.

    Exit codes: 0 ok; 1 a failed check or verdict; 2 usage; 3 link.
    """


for command in (flash, verify, doctor, virtual, hil):
    main.add_command(command)

if __name__ == "__main__":
    main()
