/** A MySQL server over an array: `node examples/array-server.ts`, then log in with any client. */
import { createServer, serverError } from '../src/index.ts'

const cities = [
  { id: 1, name: 'Salzburg', country: 'Austria', founded: 696 },
  { id: 2, name: 'Salt Lake City', country: 'USA', founded: 1847 },
  { id: 3, name: 'Salinas', country: 'Ecuador', founded: 1937 },
]

const server = await createServer({
  listen: [process.argv[2] ?? '127.0.0.1:3308'],
  accounts: [{ user: 'app', password: 'secret' }],
  onQuery(sql, session, [country]) {
    if (/^select user\(\)/i.test(sql)) return [{ 'USER()': `${session.user}@${session.host}` }]
    if (/^select \* from cities$/i.test(sql)) return cities
    if (/^select \* from cities where country = \?$/i.test(sql))
      return cities.filter((city) => city.country === country)
    throw serverError('ER_NOT_SUPPORTED_YET', 'anything but SELECT * FROM cities')
  },
})

for (const address of server.listening) {
  if (address.kind === 'tcp')
    console.log(`mysql -h ${address.host} -P ${address.port} -u app -p    (the password is secret)`)
}
