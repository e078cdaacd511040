from fasa_capture.cli import command

if __name__ == "__main__":
    raise SystemExit(command())
