from fasa_capture.cli import main

raise SystemExit(main())
