/**
 * Every error number that Saltgate sends or raises: symbol -> code, SQLSTATE, text.
 *
 * Texts are those of MySQL 9.7, because clients and log scrapers match on them. `%s` is filled in order by `serverError`
 * and `clientError`. Server codes are 1000-1999 and 3000 upwards; 2000-2999 belong to clients and are never sent.
 *
 * Spec: https://dev.mysql.com/doc/mysql-errors/9.7/en/server-error-reference.html
 */

export interface ErrorRow {
  readonly code: number
  readonly sqlState: string
  readonly template: string
}

export const serverErrors = {
  ER_CON_COUNT_ERROR: { code: 1040, sqlState: '08004', template: 'Too many connections' },
  ER_HANDSHAKE_ERROR: { code: 1043, sqlState: '08S01', template: 'Bad handshake' },
  ER_DBACCESS_DENIED_ERROR: {
    code: 1044,
    sqlState: '42000',
    template: "Access denied for user '%s'@'%s' to database '%s'",
  },
  ER_ACCESS_DENIED_ERROR: {
    code: 1045,
    sqlState: '28000',
    template: "Access denied for user '%s'@'%s' (using password: %s)",
  },
  ER_NO_DB_ERROR: { code: 1046, sqlState: '3D000', template: 'No database selected' },
  ER_UNKNOWN_COM_ERROR: { code: 1047, sqlState: '08S01', template: 'Unknown command' },
  ER_BAD_NULL_ERROR: { code: 1048, sqlState: '23000', template: "Column '%s' cannot be null" },
  ER_BAD_DB_ERROR: { code: 1049, sqlState: '42000', template: "Unknown database '%s'" },
  ER_NON_UNIQ_ERROR: { code: 1052, sqlState: '23000', template: "Column '%s' in %s is ambiguous" },
  ER_SERVER_SHUTDOWN: { code: 1053, sqlState: '08S01', template: 'Server shutdown in progress' },
  ER_BAD_FIELD_ERROR: { code: 1054, sqlState: '42S22', template: "Unknown column '%s' in '%s'" },
  ER_TOO_LONG_IDENT: { code: 1059, sqlState: '42000', template: "Identifier name '%s' is too long" },
  ER_PARSE_ERROR: { code: 1064, sqlState: '42000', template: "%s near '%s' at line %s" },
  ER_EMPTY_QUERY: { code: 1065, sqlState: '42000', template: 'Query was empty' },
  ER_NO_SUCH_THREAD: { code: 1094, sqlState: 'HY000', template: 'Unknown thread id: %s' },
  ER_KILL_DENIED_ERROR: { code: 1095, sqlState: 'HY000', template: 'You are not owner of thread %s' },
  ER_NO_TABLES_USED: { code: 1096, sqlState: 'HY000', template: 'No tables used' },
  ER_UNKNOWN_ERROR: { code: 1105, sqlState: 'HY000', template: '%s' },
  ER_UNKNOWN_TABLE: { code: 1109, sqlState: '42S02', template: "Unknown table '%s' in %s" },
  ER_INVALID_GROUP_FUNC_USE: { code: 1111, sqlState: 'HY000', template: 'Invalid use of group function' },
  ER_UNKNOWN_CHARACTER_SET: { code: 1115, sqlState: '42000', template: "Unknown character set: '%s'" },
  ER_HOST_IS_BLOCKED: {
    code: 1129,
    sqlState: 'HY000',
    template: "Host '%s' is blocked because of many connection errors; unblock with 'mysqladmin flush-hosts'",
  },
  ER_HOST_NOT_PRIVILEGED: {
    code: 1130,
    sqlState: 'HY000',
    template: "Host '%s' is not allowed to connect to this MySQL server",
  },
  ER_PASSWORD_ANONYMOUS_USER: {
    code: 1131,
    sqlState: '42000',
    template: 'You are using MySQL as an anonymous user and anonymous users are not allowed to change passwords',
  },
  ER_PASSWORD_NO_MATCH: {
    code: 1133,
    sqlState: '42000',
    template: "Can't find any matching row in the user table",
  },
  ER_NONEXISTING_GRANT: {
    code: 1141,
    sqlState: '42000',
    template: "There is no such grant defined for user '%s' on host '%s'",
  },
  ER_TABLEACCESS_DENIED_ERROR: {
    code: 1142,
    sqlState: '42000',
    template: "%s command denied to user '%s'@'%s' for table '%s'",
  },
  ER_NO_SUCH_TABLE: { code: 1146, sqlState: '42S02', template: "Table '%s.%s' doesn't exist" },
  ER_NET_PACKET_TOO_LARGE: {
    code: 1153,
    sqlState: '08S01',
    template: "Got a packet bigger than 'max_allowed_packet' bytes",
  },
  ER_NET_PACKETS_OUT_OF_ORDER: { code: 1156, sqlState: '08S01', template: 'Got packets out of order' },
  ER_NET_UNCOMPRESS_ERROR: { code: 1157, sqlState: '08S01', template: "Couldn't uncompress communication packet" },
  ER_NET_READ_ERROR: { code: 1158, sqlState: '08S01', template: 'Got an error reading communication packets' },
  ER_NET_READ_INTERRUPTED: { code: 1159, sqlState: '08S01', template: 'Got timeout reading communication packets' },
  ER_UNKNOWN_SYSTEM_VARIABLE: { code: 1193, sqlState: 'HY000', template: "Unknown system variable '%s'" },
  ER_TOO_MANY_USER_CONNECTIONS: {
    code: 1203,
    sqlState: '42000',
    template: "User %s already has more than 'max_user_connections' active connections",
  },
  ER_LOCK_WAIT_TIMEOUT: {
    code: 1205,
    sqlState: 'HY000',
    template: 'Lock wait timeout exceeded; try restarting transaction',
  },
  ER_WRONG_ARGUMENTS: { code: 1210, sqlState: 'HY000', template: 'Incorrect arguments to %s' },
  ER_WRONG_USAGE: { code: 1221, sqlState: 'HY000', template: 'Incorrect usage of %s and %s' },
  ER_WRONG_NUMBER_OF_COLUMNS_IN_SELECT: {
    code: 1222,
    sqlState: '21000',
    template: 'The used SELECT statements have a different number of columns',
  },
  ER_DUP_ARGUMENT: { code: 1225, sqlState: 'HY000', template: "Option '%s' used twice in statement" },
  ER_USER_LIMIT_REACHED: {
    code: 1226,
    sqlState: '42000',
    template: "User '%s' has exceeded the '%s' resource (current value: %s)",
  },
  ER_SPECIFIC_ACCESS_DENIED_ERROR: {
    code: 1227,
    sqlState: '42000',
    template: 'Access denied; you need (at least one of) the %s privilege(s) for this operation',
  },
  ER_LOCAL_VARIABLE: {
    code: 1228,
    sqlState: 'HY000',
    template: "Variable '%s' is a SESSION variable and can't be used with SET GLOBAL",
  },
  ER_GLOBAL_VARIABLE: {
    code: 1229,
    sqlState: 'HY000',
    template: "Variable '%s' is a GLOBAL variable and should be set with SET GLOBAL",
  },
  ER_WRONG_VALUE_FOR_VAR: {
    code: 1231,
    sqlState: '42000',
    template: "Variable '%s' can't be set to the value of '%s'",
  },
  ER_WRONG_TYPE_FOR_VAR: { code: 1232, sqlState: '42000', template: "Incorrect argument type to variable '%s'" },
  ER_NOT_SUPPORTED_YET: { code: 1235, sqlState: '42000', template: "This version of MySQL doesn't yet support '%s'" },
  ER_INCORRECT_GLOBAL_LOCAL_VAR: { code: 1238, sqlState: 'HY000', template: "Variable '%s' is a %s variable" },
  ER_OPERAND_COLUMNS: { code: 1241, sqlState: '21000', template: 'Operand should contain %s column(s)' },
  ER_UNKNOWN_STMT_HANDLER: {
    code: 1243,
    sqlState: 'HY000',
    template: 'Unknown prepared statement handler (%s) given to %s',
  },
  ER_NOT_SUPPORTED_AUTH_MODE: {
    code: 1251,
    sqlState: '08004',
    template: 'Client does not support authentication protocol requested by server; consider upgrading MySQL client',
  },
  ER_COLLATION_CHARSET_MISMATCH: {
    code: 1253,
    sqlState: '42000',
    template: "COLLATION '%s' is not valid for CHARACTER SET '%s'",
  },
  ER_REVOKE_GRANTS: {
    code: 1269,
    sqlState: 'HY000',
    template: "Can't revoke all privileges for one or more of the requested users",
  },
  ER_UNKNOWN_COLLATION: { code: 1273, sqlState: 'HY000', template: "Unknown collation: '%s'" },
  ER_UNKNOWN_STORAGE_ENGINE: { code: 1286, sqlState: '42000', template: "Unknown storage engine '%s'" },
  ER_OPTION_PREVENTS_STATEMENT: {
    code: 1290,
    sqlState: 'HY000',
    template: 'The MySQL server is running with the %s option so it cannot execute this statement',
  },
  ER_TRUNCATED_WRONG_VALUE: { code: 1292, sqlState: '22007', template: "Truncated incorrect %s value: '%s'" },
  ER_WARN_DEPRECATED_SYNTAX: {
    code: 1287,
    sqlState: 'HY000',
    template: "'%s' is deprecated and will be removed in a future release. Please use %s instead",
  },
  ER_WARN_DEPRECATED_SUPER: {
    code: 1287,
    sqlState: 'HY000',
    template: 'The SUPER privilege identifier is deprecated',
  },
  ER_UNSUPPORTED_PS: {
    code: 1295,
    sqlState: 'HY000',
    template: 'This command is not supported in the prepared statement protocol yet',
  },
  ER_UNKNOWN_TIME_ZONE: { code: 1298, sqlState: 'HY000', template: "Unknown or incorrect time zone: '%s'" },
  ER_SP_DOES_NOT_EXIST: { code: 1305, sqlState: '42000', template: '%s %s does not exist' },
  ER_QUERY_INTERRUPTED: { code: 1317, sqlState: '70100', template: 'Query execution was interrupted' },
  ER_NO_BINARY_LOGGING: { code: 1381, sqlState: 'HY000', template: 'You are not using binary logging' },
  ER_CANT_CREATE_USER_WITH_GRANT: {
    code: 1410,
    sqlState: '42000',
    template: 'You are not allowed to create a user with GRANT',
  },
  ER_MAX_PREPARED_STMT_COUNT_REACHED: {
    code: 1461,
    sqlState: '42000',
    template: "Can't create more than max_prepared_stmt_count statements (current value: %s)",
  },
  ER_CANNOT_USER: { code: 1396, sqlState: 'HY000', template: 'Operation %s failed for %s' },
  ER_WRONG_STRING_LENGTH: {
    code: 1470,
    sqlState: 'HY000',
    template: "String '%s' is too long for %s (should be no longer than %s)",
  },
  ER_PLUGIN_IS_NOT_LOADED: { code: 1524, sqlState: 'HY000', template: "Plugin '%s' is not loaded" },
  ER_WRONG_VALUE: { code: 1525, sqlState: 'HY000', template: "Incorrect %s value: '%s'" },
  ER_WRONG_PARAMCOUNT_TO_NATIVE_FCT: {
    code: 1582,
    sqlState: '42000',
    template: "Incorrect parameter count in the call to native function '%s'",
  },
  ER_VARIABLE_IS_READONLY: {
    code: 1621,
    sqlState: 'HY000',
    template: "%s variable '%s' is read-only. Use %s to assign the value",
  },
  ER_UNKNOWN_LOCALE: { code: 1649, sqlState: 'HY000', template: "Unknown locale: '%s'" },
  ER_WARN_DEPRECATED_SYNTAX_NO_REPLACEMENT: {
    code: 1681,
    sqlState: 'HY000',
    template: "'%s' is deprecated and will be removed in a future release.",
  },
  ER_ACCESS_DENIED_NO_PASSWORD_ERROR: {
    code: 1698,
    sqlState: '28000',
    template: "Access denied for user '%s'@'%s'",
  },
  ER_MUST_CHANGE_PASSWORD: {
    code: 1820,
    sqlState: 'HY000',
    template: 'You must reset your password using ALTER USER statement before executing this statement.',
  },
  ER_PASSWORD_FORMAT: {
    code: 1827,
    sqlState: 'HY000',
    template: "The password hash doesn't have the expected format.",
  },
  ER_MALFORMED_PACKET: { code: 1835, sqlState: 'HY000', template: 'Malformed communication packet.' },
  ER_MUST_CHANGE_PASSWORD_LOGIN: {
    code: 1862,
    sqlState: 'HY000',
    template: 'Your password has expired. To log in you must change it using a client that supports expired passwords.',
  },
  ER_QUERY_TIMEOUT: {
    code: 3024,
    sqlState: 'HY000',
    template: 'Query execution was interrupted, maximum statement execution time exceeded',
  },
  ER_SERVER_OFFLINE_MODE: { code: 3032, sqlState: 'HY000', template: 'The server is currently in offline mode' },
  ER_ACCOUNT_HAS_BEEN_LOCKED: {
    code: 3118,
    sqlState: 'HY000',
    template: "Access denied for user '%s'@'%s'. Account is locked.",
  },
  ER_SECURE_TRANSPORT_REQUIRED: {
    code: 3159,
    sqlState: 'HY000',
    template: 'Connections using insecure transport are prohibited while --require_secure_transport=ON.',
  },
  ER_DEPRECATED_UTF8_ALIAS: {
    code: 3719,
    sqlState: 'HY000',
    template:
      "'utf8' is currently an alias for the character set UTF8MB3, but will be an alias for UTF8MB4 in a future release. Please consider using UTF8MB4 in order to be unambiguous.",
  },
  ER_USER_ALREADY_EXISTS: {
    code: 3163,
    sqlState: 'HY000',
    template: 'Authorization ID %s already exists.',
  },
  ER_USER_DOES_NOT_EXIST: {
    code: 3162,
    sqlState: 'HY000',
    template: 'Authorization ID %s does not exist.',
  },
  ER_ILLEGAL_PRIVILEGE_LEVEL: {
    code: 3619,
    sqlState: 'HY000',
    template: 'Illegal privilege level specified for %s',
  },
  ER_SECOND_PASSWORD_CANNOT_BE_EMPTY: {
    code: 3878,
    sqlState: 'HY000',
    template: "Empty password can not be retained as second password for user '%s'@'%s'.",
  },
  ER_CURRENT_PASSWORD_CANNOT_BE_RETAINED: {
    code: 3895,
    sqlState: 'HY000',
    template: "Current password can not be retained for user '%s'@'%s' because new password is empty.",
  },
  ER_PASSWORD_CANNOT_BE_RETAINED_ON_PLUGIN_CHANGE: {
    code: 3894,
    sqlState: 'HY000',
    template: "Current password can not be retained for user '%s'@'%s' because authentication plugin is being changed.",
  },
  ER_WRONG_COMPRESSION_LEVEL_CLIENT: {
    code: 3923,
    sqlState: 'HY000',
    template: "Invalid zstd compression level for algorithm '%s'.",
  },
  ER_DYNAMIC_PRIVILEGE_NOT_REGISTERED: {
    code: 3929,
    sqlState: 'HY000',
    template: "Dynamic privilege '%s' is not registered with the server.",
  },
  ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK: {
    code: 3955,
    sqlState: 'HY000',
    template:
      "Access denied for user '%s'@'%s'. Account is blocked for %s day(s) (%s day(s) remaining) due to %s consecutive failed logins.",
  },
  ER_INVALID_USER_ATTRIBUTE_JSON: {
    code: 3982,
    sqlState: 'HY000',
    template: 'The user attribute must be a valid JSON object',
  },
  ER_CLIENT_INTERACTION_TIMEOUT: {
    code: 4031,
    sqlState: 'HY000',
    template:
      'The client was disconnected by the server because of inactivity. See wait_timeout and interactive_timeout for configuring this behavior.',
  },
  ER_MFA_METHOD_EXISTS: {
    code: 4056,
    sqlState: 'HY000',
    template:
      '%s factor authentication method exists. Please do ALTER USER... DROP %s factor before doing this operation OR do ALTER USER... MODIFY %s factor... to modify existing %s factor authentication method.',
  },
  ER_MFA_METHOD_NOT_EXISTS: {
    code: 4057,
    sqlState: 'HY000',
    template:
      "%s factor authentication method doesn't exist. Please do ALTER USER... ADD %s factor... before doing this operation.",
  },
  ER_MFA_METHODS_INVALID_ORDER: {
    code: 4062,
    sqlState: 'HY000',
    template: '%s factor authentication method should be added before %s factor authentication method.',
  },
  ER_MFA_METHODS_IDENTICAL: { code: 4063, sqlState: 'HY000', template: 'Authentication factor should be different.' },
} as const satisfies Record<string, ErrorRow>

/** Errors decided by a client; a server never sends them. */
export const clientErrors = {
  CR_CONNECTION_ERROR: {
    code: 2002,
    sqlState: 'HY000',
    template: "Can't connect to local MySQL server through socket '%s' (%s)",
  },
  CR_CONN_HOST_ERROR: { code: 2003, sqlState: 'HY000', template: "Can't connect to MySQL server on '%s:%s' (%s)" },
  CR_UNKNOWN_HOST: { code: 2005, sqlState: 'HY000', template: "Unknown MySQL server host '%s' (%s)" },
  CR_SERVER_GONE_ERROR: { code: 2006, sqlState: 'HY000', template: 'MySQL server has gone away' },
  CR_VERSION_ERROR: {
    code: 2007,
    sqlState: 'HY000',
    template: 'Protocol mismatch; server version = %s, client version = 10',
  },
  CR_SERVER_HANDSHAKE_ERR: { code: 2012, sqlState: 'HY000', template: 'Error in server handshake' },
  CR_SERVER_LOST: { code: 2013, sqlState: 'HY000', template: 'Lost connection to MySQL server %s' },
  CR_NET_PACKET_TOO_LARGE: {
    code: 2020,
    sqlState: 'HY000',
    template: "Got packet bigger than 'max_allowed_packet' bytes: %s",
  },
  CR_SSL_CONNECTION_ERROR: { code: 2026, sqlState: 'HY000', template: 'SSL connection error: %s' },
  CR_MALFORMED_PACKET: { code: 2027, sqlState: 'HY000', template: 'Malformed packet' },
  CR_AUTH_PLUGIN_CANNOT_LOAD: {
    code: 2059,
    sqlState: 'HY000',
    template: "Authentication plugin '%s' cannot be loaded: %s",
  },
  CR_AUTH_PLUGIN_ERR: {
    code: 2061,
    sqlState: 'HY000',
    template: "Authentication plugin '%s' reported error: %s",
  },
  CR_LOAD_DATA_LOCAL_INFILE_REJECTED: {
    code: 2068,
    sqlState: 'HY000',
    template: 'LOAD DATA LOCAL INFILE file request rejected due to restrictions on access.',
  },
} as const satisfies Record<string, ErrorRow>

export type ServerErrorSymbol = keyof typeof serverErrors
export type ClientErrorSymbol = keyof typeof clientErrors
