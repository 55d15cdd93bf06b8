/**
 * Tables of information_schema that tools ask and that are empty here, because there is nothing that they could list.
 * Only their columns matter.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/information-schema-table-reference.html
 */
import { columns, type VirtualTable } from '../table.ts'

const columnsOf: Readonly<Record<string, string>> = {
  COLUMN_PRIVILEGES: `
    GRANTEE varchar(292) | TABLE_CATALOG varchar(512) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) |
    COLUMN_NAME varchar(64) | PRIVILEGE_TYPE varchar(64) | IS_GRANTABLE varchar(3)`,
  TABLE_PRIVILEGES: `
    GRANTEE varchar(292) | TABLE_CATALOG varchar(512) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) |
    PRIVILEGE_TYPE varchar(64) | IS_GRANTABLE varchar(3)`,
  CHECK_CONSTRAINTS: `
    CONSTRAINT_CATALOG varchar(64) | CONSTRAINT_SCHEMA varchar(64) | CONSTRAINT_NAME varchar(64) |
    CHECK_CLAUSE longtext`,
  COLUMN_STATISTICS: `
    SCHEMA_NAME varchar(64) | TABLE_NAME varchar(64) | COLUMN_NAME varchar(64) | HISTOGRAM json`,
  ENABLED_ROLES: `
    ROLE_NAME varchar(255) null | ROLE_HOST varchar(255) null | IS_DEFAULT varchar(3) null | IS_MANDATORY varchar(3)`,
  APPLICABLE_ROLES: `
    USER varchar(97) null | HOST varchar(256) null | GRANTEE varchar(97) null | GRANTEE_HOST varchar(256) null |
    ROLE_NAME varchar(255) null | ROLE_HOST varchar(256) null | IS_GRANTABLE varchar(3) |
    IS_DEFAULT varchar(3) null | IS_MANDATORY varchar(3)`,
  EVENTS: `
    EVENT_CATALOG varchar(64) | EVENT_SCHEMA varchar(64) | EVENT_NAME varchar(64) | DEFINER varchar(288) |
    TIME_ZONE varchar(64) | EVENT_BODY varchar(3) | EVENT_DEFINITION longtext | EVENT_TYPE varchar(9) |
    EXECUTE_AT datetime null | INTERVAL_VALUE varchar(256) null | INTERVAL_FIELD enum null | SQL_MODE set |
    STARTS datetime null | ENDS datetime null | STATUS varchar(21) | ON_COMPLETION varchar(12) |
    CREATED timestamp | LAST_ALTERED timestamp | LAST_EXECUTED datetime null | EVENT_COMMENT varchar(2048) |
    ORIGINATOR int unsigned | CHARACTER_SET_CLIENT varchar(64) | COLLATION_CONNECTION varchar(64) |
    DATABASE_COLLATION varchar(64)`,
  FILES: `
    FILE_ID bigint null | FILE_NAME text null | FILE_TYPE varchar(256) null | TABLESPACE_NAME varchar(268) |
    TABLE_CATALOG varchar(0) | TABLE_SCHEMA varbinary(0) null | TABLE_NAME varbinary(0) null |
    LOGFILE_GROUP_NAME varchar(256) null | LOGFILE_GROUP_NUMBER bigint null | ENGINE varchar(64) |
    FULLTEXT_KEYS varbinary(0) null | DELETED_ROWS varbinary(0) null | UPDATE_COUNT varbinary(0) null |
    FREE_EXTENTS bigint null | TOTAL_EXTENTS bigint null | EXTENT_SIZE bigint null | INITIAL_SIZE bigint null |
    MAXIMUM_SIZE bigint null | AUTOEXTEND_SIZE bigint null | CREATION_TIME varbinary(0) null |
    LAST_UPDATE_TIME varbinary(0) null | LAST_ACCESS_TIME varbinary(0) null | RECOVER_TIME varbinary(0) null |
    TRANSACTION_COUNTER varbinary(0) null | VERSION bigint null | ROW_FORMAT varchar(256) null |
    TABLE_ROWS varbinary(0) null | AVG_ROW_LENGTH varbinary(0) null | DATA_LENGTH varbinary(0) null |
    MAX_DATA_LENGTH varbinary(0) null | INDEX_LENGTH varbinary(0) null | DATA_FREE bigint null |
    CREATE_TIME varbinary(0) null | UPDATE_TIME varbinary(0) null | CHECK_TIME varbinary(0) null |
    CHECKSUM varbinary(0) null | STATUS varchar(256) null | EXTRA varchar(256) null`,
  KEY_COLUMN_USAGE: `
    CONSTRAINT_CATALOG varchar(64) | CONSTRAINT_SCHEMA varchar(64) | CONSTRAINT_NAME varchar(64) null |
    TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) | COLUMN_NAME varchar(64) null |
    ORDINAL_POSITION int unsigned | POSITION_IN_UNIQUE_CONSTRAINT int unsigned null |
    REFERENCED_TABLE_SCHEMA varchar(64) null | REFERENCED_TABLE_NAME varchar(64) null |
    REFERENCED_COLUMN_NAME varchar(64) null`,
  PARAMETERS: `
    SPECIFIC_CATALOG varchar(64) | SPECIFIC_SCHEMA varchar(64) | SPECIFIC_NAME varchar(64) |
    ORDINAL_POSITION bigint unsigned | PARAMETER_MODE varchar(5) null | PARAMETER_NAME varchar(64) null |
    DATA_TYPE longtext null | CHARACTER_MAXIMUM_LENGTH bigint null | CHARACTER_OCTET_LENGTH bigint null |
    NUMERIC_PRECISION int unsigned null | NUMERIC_SCALE bigint null | DATETIME_PRECISION int unsigned null |
    CHARACTER_SET_NAME varchar(64) null | COLLATION_NAME varchar(64) null | DTD_IDENTIFIER mediumtext |
    ROUTINE_TYPE enum('FUNCTION','PROCEDURE','LIBRARY')`,
  PARTITIONS: `
    TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) |
    PARTITION_NAME varchar(64) null | SUBPARTITION_NAME varchar(64) null |
    PARTITION_ORDINAL_POSITION int unsigned null | SUBPARTITION_ORDINAL_POSITION int unsigned null |
    SECONDARY_LOAD varchar(1) null | PARTITION_METHOD varchar(13) null | SUBPARTITION_METHOD varchar(13) null |
    PARTITION_EXPRESSION varchar(2048) null | SUBPARTITION_EXPRESSION varchar(2048) null |
    PARTITION_DESCRIPTION text null | TABLE_ROWS bigint unsigned null | AVG_ROW_LENGTH bigint unsigned null |
    DATA_LENGTH bigint unsigned null | MAX_DATA_LENGTH bigint unsigned null | INDEX_LENGTH bigint unsigned null |
    DATA_FREE bigint unsigned null | CREATE_TIME timestamp | UPDATE_TIME datetime null | CHECK_TIME datetime null |
    CHECKSUM bigint null | PARTITION_COMMENT text | NODEGROUP varchar(256) null | TABLESPACE_NAME varchar(268) null`,
  REFERENTIAL_CONSTRAINTS: `
    CONSTRAINT_CATALOG varchar(64) | CONSTRAINT_SCHEMA varchar(64) | CONSTRAINT_NAME varchar(64) null |
    UNIQUE_CONSTRAINT_CATALOG varchar(64) | UNIQUE_CONSTRAINT_SCHEMA varchar(64) |
    UNIQUE_CONSTRAINT_NAME varchar(64) null | MATCH_OPTION enum('NONE','PARTIAL','FULL') |
    UPDATE_RULE enum('NO ACTION','RESTRICT','CASCADE','SET NULL','SET DEFAULT') |
    DELETE_RULE enum('NO ACTION','RESTRICT','CASCADE','SET NULL','SET DEFAULT') | TABLE_NAME varchar(64) |
    REFERENCED_TABLE_NAME varchar(64)`,
  ROUTINES: `
    SPECIFIC_NAME varchar(64) | ROUTINE_CATALOG varchar(64) | ROUTINE_SCHEMA varchar(64) |
    ROUTINE_NAME varchar(64) | ROUTINE_TYPE enum('FUNCTION','PROCEDURE','LIBRARY') | DATA_TYPE longtext null |
    CHARACTER_MAXIMUM_LENGTH bigint null | CHARACTER_OCTET_LENGTH bigint null |
    NUMERIC_PRECISION int unsigned null | NUMERIC_SCALE int unsigned null | DATETIME_PRECISION int unsigned null |
    CHARACTER_SET_NAME varchar(64) null | COLLATION_NAME varchar(64) null | DTD_IDENTIFIER longtext null |
    ROUTINE_BODY varchar(8) | ROUTINE_DEFINITION longtext null | EXTERNAL_NAME varbinary(0) null |
    EXTERNAL_LANGUAGE varchar(64) | PARAMETER_STYLE varchar(3) | IS_DETERMINISTIC varchar(3) |
    SQL_DATA_ACCESS enum('CONTAINS SQL','NO SQL','READS SQL DATA','MODIFIES SQL DATA') |
    SQL_PATH varbinary(0) null | SECURITY_TYPE enum('DEFAULT','INVOKER','DEFINER') | CREATED timestamp |
    LAST_ALTERED timestamp | SQL_MODE set | ROUTINE_COMMENT text | DEFINER varchar(288) |
    CHARACTER_SET_CLIENT varchar(64) | COLLATION_CONNECTION varchar(64) | DATABASE_COLLATION varchar(64)`,
  STATISTICS: `
    TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) | NON_UNIQUE int |
    INDEX_SCHEMA varchar(64) | INDEX_NAME varchar(64) null | SEQ_IN_INDEX int unsigned |
    COLUMN_NAME varchar(64) null | COLLATION varchar(1) null | CARDINALITY bigint null | SUB_PART bigint null |
    PACKED varbinary(0) null | NULLABLE varchar(3) | INDEX_TYPE varchar(11) | COMMENT varchar(8) |
    INDEX_COMMENT varchar(2048) | IS_VISIBLE varchar(3) | EXPRESSION longtext null`,
  TABLE_CONSTRAINTS: `
    CONSTRAINT_CATALOG varchar(64) | CONSTRAINT_SCHEMA varchar(64) | CONSTRAINT_NAME varchar(64) null |
    TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) | CONSTRAINT_TYPE varchar(11) | ENFORCED varchar(3)`,
  TRIGGERS: `
    TRIGGER_CATALOG varchar(64) | TRIGGER_SCHEMA varchar(64) | TRIGGER_NAME varchar(64) |
    EVENT_MANIPULATION enum('INSERT','UPDATE','DELETE') | EVENT_OBJECT_CATALOG varchar(64) |
    EVENT_OBJECT_SCHEMA varchar(64) | EVENT_OBJECT_TABLE varchar(64) | ACTION_ORDER int unsigned |
    ACTION_CONDITION varbinary(0) null | ACTION_STATEMENT longtext | ACTION_ORIENTATION varchar(3) |
    ACTION_TIMING enum('BEFORE','AFTER') | ACTION_REFERENCE_OLD_TABLE varbinary(0) null |
    ACTION_REFERENCE_NEW_TABLE varbinary(0) null | ACTION_REFERENCE_OLD_ROW varchar(3) |
    ACTION_REFERENCE_NEW_ROW varchar(3) | CREATED timestamp(2) | SQL_MODE set | DEFINER varchar(288) |
    CHARACTER_SET_CLIENT varchar(64) | COLLATION_CONNECTION varchar(64) | DATABASE_COLLATION varchar(64)`,
  VIEWS: `
    TABLE_CATALOG varchar(64) | TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64) | VIEW_DEFINITION longtext null |
    CHECK_OPTION enum('NONE','LOCAL','CASCADED') null | IS_UPDATABLE enum('NO','YES') null |
    DEFINER varchar(288) null | SECURITY_TYPE varchar(7) null | CHARACTER_SET_CLIENT varchar(64) |
    COLLATION_CONNECTION varchar(64)`,
  VIEW_TABLE_USAGE: `
    VIEW_CATALOG varchar(64) | VIEW_SCHEMA varchar(64) | VIEW_NAME varchar(64) | TABLE_CATALOG varchar(64) |
    TABLE_SCHEMA varchar(64) | TABLE_NAME varchar(64)`,
}

export const emptyTables: readonly VirtualTable[] = Object.entries(columnsOf).map(([name, text]) => ({
  schema: 'information_schema',
  name,
  readers: 'all',
  columns: columns(text),
  rows: () => [],
}))
