"""Tables that people carry between Fusion and their spreadsheets: CSV and XLSX, read and written.

`read_sheet` reads what spreadsheets save; `send_sheet` streams a table as such a file. Neither
knows what the columns mean.
"""
