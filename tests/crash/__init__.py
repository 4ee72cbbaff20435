"""Crashes, and what may break below the program: kill -9, full and failing disks, clocks, bits."""
