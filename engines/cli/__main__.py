"""`python -m engines.cli` is `impasto`, for where the console script is not on the path."""

from engines.cli.app import main

if __name__ == "__main__":
    main()
