/**
 * System variables that clients set and read and that change nothing here: they are remembered, so that drivers find the
 * server that they expect. What each means is in MySQL's manual.
 *
 * Spec: https://dev.mysql.com/doc/refman/9.7/en/server-system-variables.html
 */
import { serverError } from '../errors/errors.ts'
import { boolean, integer, nullableText, oneOf, readOnly, sessionFixed, setOf, text } from './setting-row.ts'

const remembered = 'Remembered for clients; no effect'
const unsigned16 = [0, 65_535] as const
const unsigned32 = [0, 4_294_967_295] as const
const unsigned64 = [0n, 18_446_744_073_709_551_615n] as const

const sqlModes =
  'REAL_AS_FLOAT PIPES_AS_CONCAT ANSI_QUOTES IGNORE_SPACE ONLY_FULL_GROUP_BY NO_UNSIGNED_SUBTRACTION ' +
  'NO_DIR_IN_CREATE ANSI NO_AUTO_VALUE_ON_ZERO NO_BACKSLASH_ESCAPES STRICT_TRANS_TABLES STRICT_ALL_TABLES ' +
  'NO_ZERO_IN_DATE NO_ZERO_DATE ALLOW_INVALID_DATES ERROR_FOR_DIVISION_BY_ZERO TRADITIONAL HIGH_NOT_PRECEDENCE ' +
  'NO_ENGINE_SUBSTITUTION PAD_CHAR_TO_FULL_LENGTH TIME_TRUNCATE_FRACTIONAL'

const characterSets = new Set(
  (
    'armscii8 ascii big5 binary cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb18030 gb2312 ' +
    'gbk geostd8 greek hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ' +
    'ucs2 ujis utf16 utf16le utf32 utf8mb3 utf8mb4'
  ).split(' '),
)

const storageEngines = ['InnoDB', 'MyISAM', 'MEMORY', 'CSV', 'ARCHIVE', 'BLACKHOLE', 'MRG_MYISAM', 'PERFORMANCE_SCHEMA']

export const rememberedSettings = {
  // Character sets
  character_set_client: text('utf8mb4', 'both', remembered, clientCharacterSet),
  character_set_connection: text('utf8mb4', 'both', remembered, characterSet),
  character_set_results: nullableText('utf8mb4', 'both', remembered, characterSet),
  character_set_database: text('utf8mb4', 'both', remembered, characterSet),
  character_set_server: text('utf8mb4', 'both', remembered, characterSet),
  character_set_filesystem: text('binary', 'both', remembered, characterSet),
  character_set_system: readOnly(text('utf8mb3', 'global', remembered)),
  character_sets_dir: readOnly(text('', 'global', remembered)),
  collation_connection: text('utf8mb4_0900_ai_ci', 'both', remembered, collation),
  collation_database: text('utf8mb4_0900_ai_ci', 'both', remembered, collation),
  collation_server: text('utf8mb4_0900_ai_ci', 'both', remembered, collation),
  default_collation_for_utf8mb4: text('utf8mb4_0900_ai_ci', 'both', remembered, collation),

  // Transactions and statements
  autocommit: boolean(true, 'both', remembered),
  transaction_isolation: oneOf(
    'REPEATABLE-READ',
    ['READ-UNCOMMITTED', 'READ-COMMITTED', 'REPEATABLE-READ', 'SERIALIZABLE'],
    'both',
    remembered,
  ),
  transaction_read_only: boolean(false, 'both', remembered),
  completion_type: oneOf('NO_CHAIN', ['NO_CHAIN', 'CHAIN', 'RELEASE'], 'both', remembered),
  read_only: boolean(false, 'global', remembered),
  super_read_only: boolean(false, 'global', remembered),
  sql_mode: setOf(
    'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION',
    sqlModes.split(' '),
    'both',
    remembered,
    {
      ANSI: 'REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ONLY_FULL_GROUP_BY,ANSI',
      TRADITIONAL:
        'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,TRADITIONAL,NO_ENGINE_SUBSTITUTION',
    },
  ),
  auto_increment_increment: integer(1, [1, 65_535], 'both', remembered),
  auto_increment_offset: integer(1, [1, 65_535], 'both', remembered),
  foreign_key_checks: boolean(true, 'both', remembered),
  unique_checks: boolean(true, 'both', remembered),
  sql_auto_is_null: boolean(false, 'both', remembered),
  sql_big_selects: boolean(true, 'both', remembered),
  sql_buffer_result: boolean(false, 'both', remembered),
  sql_notes: boolean(true, 'both', remembered),
  sql_quote_show_create: boolean(true, 'both', remembered),
  sql_require_primary_key: boolean(false, 'both', remembered),
  sql_safe_updates: boolean(false, 'both', remembered),
  sql_warnings: boolean(false, 'both', remembered),
  sql_select_limit: integer(18_446_744_073_709_551_615n, unsigned64, 'both', remembered),
  max_join_size: integer(18_446_744_073_709_551_615n, [1n, unsigned64[1]], 'both', remembered),
  group_concat_max_len: integer(1024, [4, 4_294_967_295], 'both', remembered),
  div_precision_increment: integer(4, [0, 30], 'both', remembered),
  lock_wait_timeout: integer(31_536_000, [1, 31_536_000], 'both', remembered),
  innodb_lock_wait_timeout: integer(50, [1, 1_073_741_824], 'both', remembered),
  explicit_defaults_for_timestamp: boolean(true, 'both', remembered),
  default_storage_engine: text('InnoDB', 'both', remembered, storageEngine),
  default_week_format: integer(0, [0, 7], 'both', remembered),
  information_schema_stats_expiry: integer(86_400, [0, 31_536_000], 'both', remembered),
  optimizer_switch: text('', 'both', remembered),
  max_sort_length: integer(1024, [4, 8_388_608], 'both', remembered),
  max_error_count: integer(1024, unsigned16, 'both', remembered),
  profiling: boolean(false, 'both', remembered),
  long_query_time: readOnly(text('10.000000', 'both', remembered)),
  net_buffer_length: sessionFixed(integer(16_384, [1024, 1_048_576], 'both', remembered, 1024)),
  net_retry_count: integer(10, [1, 4_294_967_295], 'both', remembered),
  local_infile: boolean(false, 'global', remembered),
  session_track_gtids: oneOf('OFF', ['OFF', 'OWN_GTID', 'ALL_GTIDS'], 'both', remembered),
  session_track_schema: boolean(true, 'both', remembered),
  session_track_state_change: boolean(false, 'both', remembered),
  session_track_system_variables: text(
    'time_zone,autocommit,character_set_client,character_set_results,character_set_connection',
    'both',
    remembered,
  ),
  session_track_transaction_info: oneOf('OFF', ['OFF', 'STATE', 'CHARACTERISTICS'], 'both', remembered),
  resultset_metadata: oneOf('FULL', ['NONE', 'FULL'], 'session', remembered),
  sql_log_bin: boolean(true, 'session', remembered),
  sql_log_off: boolean(false, 'both', remembered),
  pseudo_thread_id: integer(0, unsigned32, 'session', remembered),
  last_insert_id: integer(0n, unsigned64, 'session', remembered),
  insert_id: integer(0n, unsigned64, 'session', remembered),
  gtid_next: text('AUTOMATIC', 'session', remembered),

  // Time
  time_zone: text('SYSTEM', 'both', remembered, timeZone),
  system_time_zone: readOnly(text('UTC', 'global', remembered)),
  lc_time_names: text('en_US', 'both', remembered, locale),
  lc_messages: text('en_US', 'both', remembered, locale),

  // What tools ask about the server
  license: readOnly(text('MIT', 'global', 'License of the server')),
  version_compile_machine: readOnly(text('', 'global', 'Processor architecture')),
  version_compile_os: readOnly(text('', 'global', 'Operating system')),
  version_compile_zlib: readOnly(text('', 'global', remembered)),
  protocol_version: readOnly(integer(10, [10, 10], 'global', 'Version of the client/server protocol')),
  basedir: readOnly(text('/', 'global', remembered)),
  tmpdir: readOnly(text('/tmp', 'global', remembered)),
  pid_file: readOnly(text('', 'global', remembered)),
  plugin_dir: readOnly(text('', 'global', remembered)),
  secure_file_priv: readOnly(nullableText(null, 'global', remembered)),
  lower_case_table_names: readOnly(integer(0, [0, 2], 'global', remembered)),
  lower_case_file_system: readOnly(boolean(false, 'global', remembered)),
  performance_schema: readOnly(boolean(true, 'global', remembered)),
  event_scheduler: oneOf('OFF', ['OFF', 'ON', 'DISABLED'], 'global', remembered),
  log_bin: readOnly(boolean(false, 'global', remembered)),
  log_bin_trust_function_creators: boolean(false, 'global', remembered),
  binlog_format: oneOf('ROW', ['MIXED', 'STATEMENT', 'ROW'], 'both', remembered),
  binlog_row_image: oneOf('FULL', ['MINIMAL', 'NOBLOB', 'FULL'], 'both', remembered),
  gtid_mode: oneOf('OFF', ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'], 'global', remembered),
  gtid_executed: readOnly(text('', 'global', remembered)),
  gtid_purged: text('', 'global', remembered),
  enforce_gtid_consistency: oneOf('OFF', ['OFF', 'ON', 'WARN'], 'global', remembered),
  general_log: boolean(false, 'global', remembered),
  slow_query_log: boolean(false, 'global', remembered),
  log_error: readOnly(text('stderr', 'global', remembered)),
  thread_handling: readOnly(text('one-thread-per-connection', 'global', remembered)),
  thread_stack: readOnly(integer(1_048_576, [131_072, 4_294_966_272], 'global', remembered)),
  thread_cache_size: integer(9, [0, 16_384], 'global', remembered),
  table_open_cache: integer(4000, [1, 524_288], 'global', remembered),
  open_files_limit: readOnly(integer(10_000, unsigned32, 'global', remembered)),
  innodb_buffer_pool_size: integer(134_217_728, [5_242_880, Number.MAX_SAFE_INTEGER], 'global', remembered),
  innodb_version: readOnly(text('9.7.0', 'global', remembered)),
  have_compress: readOnly(text('YES', 'global', remembered)),
  have_statement_timeout: readOnly(text('YES', 'global', remembered)),
  ssl_capath: readOnly(nullableText(null, 'global', remembered)),
  ssl_crl: readOnly(nullableText(null, 'global', remembered)),
  ssl_crlpath: readOnly(nullableText(null, 'global', remembered)),
  ssl_session_cache_mode: readOnly(boolean(true, 'global', remembered)),
} as const

/** Older names that MySQL or MariaDB clients still use for the same variable. */
export const settingAliases: ReadonlyMap<string, string> = new Map([
  ['tx_isolation', 'transaction_isolation'],
  ['tx_read_only', 'transaction_read_only'],
  ['identity', 'last_insert_id'],
  ['storage_engine', 'default_storage_engine'],
])

function characterSet(name: string): string {
  const lower = name.toLowerCase()
  const known = lower === 'utf8' ? 'utf8mb3' : lower
  if (!characterSets.has(known)) throw serverError('ER_UNKNOWN_CHARACTER_SET', name)
  return known
}

/** Statements in UTF-16 or UTF-32 cannot be parsed. */
function clientCharacterSet(name: string): string {
  const known = characterSet(name)
  if (/^(ucs2|utf16|utf32)/.test(known)) throw serverError('ER_WRONG_VALUE_FOR_VAR', 'character_set_client', known)
  return known
}

/** Checks that the collation belongs to a known character set; the suffix is the client's affair. */
function collation(name: string): string {
  const lower = name.toLowerCase().replace(/^utf8_/, 'utf8mb3_')
  const [characterSetName = '', suffix] = lower.split('_', 2)
  if (!characterSets.has(characterSetName) || (suffix === undefined && lower !== 'binary')) {
    throw serverError('ER_UNKNOWN_COLLATION', name)
  }
  return lower
}

function storageEngine(name: string): string {
  const known = storageEngines.find((engine) => engine.toLowerCase() === name.toLowerCase())
  if (known === undefined) throw serverError('ER_UNKNOWN_STORAGE_ENGINE', name)
  return known
}

/** Whether there is such a language is the client's affair. */
function locale(name: string): string {
  if (!/^[a-z]{2,3}_[A-Z]{2}$/.test(name)) throw serverError('ER_UNKNOWN_LOCALE', name)
  return name
}

function timeZone(name: string): string {
  if (name.toUpperCase() === 'SYSTEM') return 'SYSTEM'
  const offset = /^([+-])(\d{1,2}):(\d\d)$/.exec(name)
  if (offset !== null) {
    const minutes = Number(`${offset[1]}1`) * (Number(offset[2]) * 60 + Number(offset[3]))
    if (Number(offset[3]) < 60 && minutes > -14 * 60 && minutes <= 14 * 60) {
      return `${offset[1]}${offset[2]?.padStart(2, '0')}:${offset[3]}`
    }
    throw serverError('ER_UNKNOWN_TIME_ZONE', name)
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return name
  } catch {
    throw serverError('ER_UNKNOWN_TIME_ZONE', name)
  }
}
