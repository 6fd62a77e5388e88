"""`python -m studies` is the `studies` command."""

from studies.cli import main

if __name__ == "__main__":
    main()
