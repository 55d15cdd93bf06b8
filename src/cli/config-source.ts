/** Where the commands that stand on a data directory find their configuration; one file may be that of a gateway, and of its accounts. */
import { z } from 'zod'

/** For `loadConfig`. The sections of a gateway and of a dashboard are let pass unseen. */
export function configSource({ config, set }: { readonly config?: string; readonly set?: readonly string[] }) {
  return {
    directory: process.cwd(),
    ...(config !== undefined && { file: config }),
    ...(set !== undefined && { set }),
    sections: { gateway: z.unknown(), dashboard: z.unknown() },
  }
}
