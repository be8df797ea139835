"""`python -m fusion.cli`: the same as the `fusion` script."""

from fusion.cli import main

if __name__ == "__main__":
    main()
