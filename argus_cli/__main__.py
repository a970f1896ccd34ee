from argus_cli.main import main

main(prog_name="argus")
