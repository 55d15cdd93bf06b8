/** Checks the shape of what somebody has configured, to the last key; everything that is wrong with it goes into one line. */
import { z } from 'zod'
import { ConfigurationError } from '../errors/errors.ts'
import { didYouMean } from '../errors/nearest-name.ts'
import { parseListen } from './listen-address.ts'

/** An address as `parseListen` takes it. */
export const listenText = z.string().superRefine((text, context) => {
  try {
    parseListen(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

/**
 * Checks `content`. Messages begin with `prefix`, and name what stands at the path `at` of what was configured.
 *
 * Throws: `ConfigurationError` that names keys and remedies, and values only where the schema says them.
 */
export function checkedShape<Schema extends z.ZodType>(
  schema: Schema,
  content: unknown,
  prefix: string,
  at: readonly string[] = [],
): z.infer<Schema> {
  const forbidden = prototypeKey(content, at.map((key) => `${key}.`).join(''), new Set())
  if (forbidden !== undefined) throw new ConfigurationError(`${prefix}unknown key '${forbidden}': remove it`)
  const result = schema.safeParse(content)
  if (result.success) return result.data
  throw new ConfigurationError(
    prefix + result.error.issues.map((issue) => issueText(issue, [], { schema, at })).join('; '),
  )
}

function issueText(
  issue: z.core.$ZodIssue,
  outside: readonly PropertyKey[],
  whole: { readonly schema: z.ZodType; readonly at: readonly string[] },
): string {
  const path = [...outside, ...issue.path]
  const place = [...whole.at, ...path].map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(whole.schema, path)
    return issue.keys
      .map((key) => {
        const remedy = didYouMean(key, known) || `: known are ${known.join(', ')}`
        return `unknown key '${place === '' ? key : `${place}.${key}`}'${remedy}`
      })
      .join('; ')
  }
  if (issue.code === 'invalid_union') {
    // What is of none of the forms is told what there is; what is of one of them, what is wrong with it there.
    const meant = issue.errors.find(
      (form) => !form.some(({ code, path }) => isOfAnotherForm.has(code) && path.length === 0),
    )
    if (meant !== undefined) return meant.map((inner) => issueText(inner, path, whole)).join('; ')
  }
  return `${place || 'the configuration'}: ${issue.message.replaceAll('\n', ' ')}`
}

const isOfAnotherForm: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'custom'])

/** The keys that the object at this path may have. */
function keysAt(schema: unknown, path: readonly PropertyKey[]): readonly string[] {
  if (schema instanceof z.ZodOptional) return keysAt(schema.unwrap(), path)
  if (schema instanceof z.ZodPipe) return keysAt(schema.in, path)
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path))
  const [key, ...deeper] = path
  if (schema instanceof z.ZodArray) return keysAt(schema.element, deeper)
  if (!(schema instanceof z.ZodObject)) return []
  return key === undefined ? Object.keys(schema.shape) : keysAt(schema.shape[String(key)], deeper)
}

/** zod passes over `__proto__` in silence; JSON.parse makes it an own key. Only plain data is looked into. */
function prototypeKey(value: unknown, path: string, seen: Set<object>): string | undefined {
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return undefined
  seen.add(value)
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return `${path}${key}`
    const found = prototypeKey((value as Record<string, unknown>)[key], `${path}${key}.`, seen)
    if (found !== undefined) return found
  }
  return undefined
}
