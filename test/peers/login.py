"""One login by a Python driver: the request is JSON on stdin, the outcome JSON on stdout."""
import json
import ssl
import sys

request = json.load(sys.stdin)
where = (
    {"unix_socket": request["socket"]}
    if request["socket"]
    else {"host": request["host"], "port": request["port"]}
)
login = {**where, "user": request["user"], "password": request["password"], "database": request["database"]}


def pymysql_connection():
    import pymysql

    if not request["tls"]:
        return pymysql.connect(**login, ssl_disabled=True)
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    return pymysql.connect(**login, ssl=unverified)


def connector_connection():
    import mysql.connector

    return mysql.connector.connect(**login, use_pure=True, ssl_disabled=not request["tls"])


try:
    connection = pymysql_connection() if request["driver"] == "pymysql" else connector_connection()
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
print(json.dumps(outcome))
