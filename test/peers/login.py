"""Logins by a Python driver, one after the other: each line of stdin is a request in JSON, each line of stdout its outcome."""
import json
import ssl
import sys


def arguments_of(request):
    where = (
        {"unix_socket": request["socket"]}
        if request["socket"]
        else {"host": request["host"], "port": request["port"]}
    )
    return {**where, "user": request["user"], "password": request["password"], "database": request["database"]}


def pymysql_connection(request):
    import pymysql

    login = arguments_of(request)
    if not request["tls"]:
        return pymysql.connect(**login, ssl_disabled=True)
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    return pymysql.connect(**login, ssl=unverified)


def connector_connection(request):
    import mysql.connector

    return mysql.connector.connect(**arguments_of(request), use_pure=True, ssl_disabled=not request["tls"])


def outcome_of(request):
    try:
        connection = pymysql_connection(request) if request["driver"] == "pymysql" else connector_connection(request)
        cursor = connection.cursor()
        cursor.execute(request["sql"])
        outcome = {"ok": True, "rows": [[str(value) for value in row] for row in cursor.fetchall()]}
        connection.close()
    except Exception as error:
        # PyMySQL: args are (code, text). mysql-connector: errno, sqlstate, msg.
        code = getattr(error, "errno", None)
        text = getattr(error, "msg", None)
        if code is None and error.args and isinstance(error.args[0], int):
            code, text = error.args[0], error.args[-1]
        if isinstance(text, bytes):
            text = text.decode()
        outcome = {
            "ok": False,
            "code": code,
            "sqlState": getattr(error, "sqlstate", None),
            "text": text or f"{type(error).__name__}: {error}",
        }
    return outcome


for line in sys.stdin:
    print(json.dumps(outcome_of(json.loads(line))), flush=True)
