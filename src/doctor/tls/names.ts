/** What the numbers of TLS are called: versions as Node and MySQL write them, alerts as the RFCs do. */

/** `TLSv1.3`. */
export function versionName(version: number): string {
  return versions.get(version) ?? `0x${version.toString(16).padStart(4, '0')}`
}

export function alertLevel(level: number): string {
  return level === 1 ? 'warning' : level === 2 ? 'fatal' : `level ${level}`
}

export function alertDescription(description: number): string {
  return descriptions.get(description) ?? `alert ${description}`
}

/** Spec: https://www.rfc-editor.org/rfc/rfc8446#section-4.2.1 */
const versions: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSLv3'],
  [0x0301, 'TLSv1'],
  [0x0302, 'TLSv1.1'],
  [0x0303, 'TLSv1.2'],
  [0x0304, 'TLSv1.3'],
])

/** Spec: https://www.iana.org/assignments/tls-parameters/tls-parameters.xhtml#tls-parameters-6 */
const descriptions: ReadonlyMap<number, string> = new Map([
  [0, 'close_notify'],
  [10, 'unexpected_message'],
  [20, 'bad_record_mac'],
  [21, 'decryption_failed'],
  [22, 'record_overflow'],
  [30, 'decompression_failure'],
  [40, 'handshake_failure'],
  [41, 'no_certificate'],
  [42, 'bad_certificate'],
  [43, 'unsupported_certificate'],
  [44, 'certificate_revoked'],
  [45, 'certificate_expired'],
  [46, 'certificate_unknown'],
  [47, 'illegal_parameter'],
  [48, 'unknown_ca'],
  [49, 'access_denied'],
  [50, 'decode_error'],
  [51, 'decrypt_error'],
  [60, 'export_restriction'],
  [70, 'protocol_version'],
  [71, 'insufficient_security'],
  [80, 'internal_error'],
  [86, 'inappropriate_fallback'],
  [90, 'user_canceled'],
  [100, 'no_renegotiation'],
  [109, 'missing_extension'],
  [110, 'unsupported_extension'],
  [111, 'certificate_unobtainable'],
  [112, 'unrecognized_name'],
  [113, 'bad_certificate_status_response'],
  [114, 'bad_certificate_hash_value'],
  [115, 'unknown_psk_identity'],
  [116, 'certificate_required'],
  [120, 'no_application_protocol'],
])
