"""What the docs ask of DuckDB's command line, `duckdb -csv -c SQL`, by Python's DuckDB."""

import csv
import sys

import duckdb

if len(sys.argv) != 4 or sys.argv[1:3] != ["-csv", "-c"]:
    sys.exit("usage: duckdb -csv -c SQL")
result = duckdb.connect().execute(sys.argv[3])
writer = csv.writer(sys.stdout, lineterminator="\n")
writer.writerow([column[0] for column in result.description])
writer.writerows(result.fetchall())
