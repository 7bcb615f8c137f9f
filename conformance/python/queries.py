"""Answers SQL with Python's DuckDB. Reads and answers JSON, one a line: {"setup": [...], "sql": "..."} ->
{"rows": [...]} or {"trouble": "..."}.
"""

import json
import sys

import duckdb

for line in sys.stdin:
    asked = json.loads(line)
    try:
        with duckdb.connect() as connection:
            for statement in asked["setup"]:
                connection.execute(statement)
            rows = [row[0] for row in connection.execute(asked["sql"]).fetchall()]
        answer = {"rows": rows, "version": duckdb.__version__}
    except duckdb.Error as error:
        answer = {"trouble": str(error)}
    print(json.dumps(answer), flush=True)
