import { type Procedure, nullProcedure } from '../../rpc/program.ts'
import { PROCEDURE } from './constants.ts'
import { runCompound } from './run-compound.ts'
import type { Nfs4Service } from './service.ts'

/** Version 4 of program 100003: NULL and COMPOUND, in the minor versions 0 to 2. */
export function nfs4Procedures(service: Nfs4Service): readonly Procedure[] {
  const table: Procedure[] = []
  table[PROCEDURE.null] = nullProcedure
  table[PROCEDURE.compound] = (call) => runCompound(service, call)
  return table
}
