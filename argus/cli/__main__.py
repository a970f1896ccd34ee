from argus.cli.main import main

main(prog_name="argus")
