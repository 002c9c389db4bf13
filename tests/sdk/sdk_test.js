// SPDX-License-Identifier: GPL-3.0-or-later
// Unmodified SDKs against a real server, through a proxy that injects faults: afterwards the stored events are those
// that were sent, each once. node sdk_test.js STREAMGAUGED PACKAGES [NAME...]
'use strict'
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { startProxy } = require('./fault_proxy.js')

const [program, packages, ...only] = process.argv.slice(2)

// Where the system's Node.js is too old for the SDKs, scripts/install-sdk-packages has brought one.
const brought = path.join(packages, 'node', 'bin', 'node')
if (fs.existsSync(brought) && fs.realpathSync(brought) !== fs.realpathSync(process.execPath)) {
  const { status } = require('node:child_process').spawnSync(brought, process.argv.slice(1), { stdio: 'inherit' })
  process.exit(status ?? 1)
}

const COUNT = 200

// Those that send again what they are not sure of: everything arrives, once. "complete" is what the SDK's own design
// promises under these faults.
const SENDERS = [
  { name: 'segment', type: 'sdk_segment', plan: ['429', '503', 'cut after', 'cut before', 'pass', 'cut after'] },
  { name: 'rudderstack', type: 'sdk_rudderstack', plan: ['429', '503', 'cut after', 'pass', '503'] },
  { name: 'posthog', type: 'sdk_posthog', plan: ['413', 'pass', '503', 'cut after', 'pass', '429', 'cut before', 'cut after'] },
  { name: 'posthogV1', type: 'sdk_posthog_v1', plan: ['503', 'cut after', 'pass', 'cut before', 'cut after'] },
  { name: 'opentelemetry', type: 'sdk_opentelemetry', plan: ['429', 'pass', '503', 'cut after'] }
]
// Those that try once: what a fault kept from the server is lost, by their design; what reached it is there, once.
const TRY_ONCE = [
  { name: 'plausible', type: 'sdk_plausible' },
  { name: 'umami', type: 'sdk_umami' },
  { name: 'cloudevents', type: 'sdk_cloudevents' }
].map(one => ({ ...one, once: true, plan: Array.from({ length: COUNT }, (_, n) => ['pass', '503', 'pass', 'cut after', 'pass', '429', 'cut before'][n % 7]) }))

function startServer (directory) {
  const server = spawn(program, ['serve', '--data-dir', directory, '--listen', '127.0.0.1:0', '--management', 'off', '--log-level', 'warning'],
    { stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = new Promise((resolve, reject) => {
    let text = ''
    server.stdout.on('data', part => {
      text += part
      const found = /listening on http:\/\/([\d.]+):(\d+)/.exec(text)
      if (found) resolve({ host: found[1], port: Number(found[2]) })
    })
    server.on('exit', code => reject(new Error(`the server ended with ${code} before it listened`)))
    server.on('error', reject)
  })
  return { server, ready }
}

function drive (name, url) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [path.join(__dirname, 'drivers.js'), name, url, String(COUNT)],
      { env: { ...process.env, STREAMGAUGE_SDK_PACKAGES: packages, NO_PROXY: '127.0.0.1' }, stdio: ['ignore', 'ignore', 'pipe'] })
    let errors = ''
    child.stderr.on('data', part => { errors += part })
    child.on('exit', code => resolve({ code, errors }))
  })
}

// Everything of one type that is stored: the numbers the events carry, in no order.
async function stored (target, type) {
  const numbers = []
  const ids = new Set()
  let cursor
  do {
    const more = cursor ? `&cursor=${cursor}` : ''
    const answer = await fetch(`http://${target.host}:${target.port}/api/v1/events?event_type=${type}&limit=1000${more}`)
    if (answer.status !== 200) throw new Error(`GET /api/v1/events: ${answer.status} ${await answer.text()}`)
    for (const event of await answer.json()) {
      numbers.push(Number(event.props.n))
      ids.add(event.eventId)
    }
    cursor = answer.headers.get('streamgauge-cursor')
  } while (cursor)
  if (ids.size !== numbers.length) throw new Error(`${type}: ${numbers.length} events with ${ids.size} different ids`)
  return numbers
}

async function check (one, target) {
  const proxy = await startProxy(target, one.plan)
  const began = Date.now()
  const { code, errors } = await drive(one.name, `http://127.0.0.1:${proxy.port}`)
  proxy.close()
  const numbers = await stored(target, one.type)
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  const faults = []
  if (code !== 0) faults.push(`the driver ended with ${code}: ${errors}`)
  if (!one.once && proxy.left.length > 0) faults.push(`these faults were never injected: ${proxy.left.join(', ')}`)
  const refused = proxy.seen.filter(entry => (entry.fault === 'pass' || entry.fault === 'cut after') && (entry.status < 200 || entry.status > 299))
  if (refused.length > 0) faults.push(`the server refused: ${JSON.stringify(refused)}`)
  const expected = []
  for (let n = 0; n < COUNT; n++) {
    if (!one.once || one.plan[n] === 'pass' || one.plan[n] === 'cut after') expected.push(n)
  }
  const times = new Map()
  for (const n of numbers) times.set(n, (times.get(n) ?? 0) + 1)
  const missing = expected.filter(n => !times.has(n))
  const wrong = [...times].filter(([n, count]) => count !== 1 || !expected.includes(n))
  if (missing.length > 0) faults.push(`missing: ${missing.join(' ')}`)
  if (wrong.length > 0) faults.push(`stored wrongly (number, times): ${wrong.join(' ')}`)
  console.log(`${faults.length === 0 ? 'ok  ' : 'FAIL'} ${one.name}: ${expected.length} of ${COUNT} to be stored, ${numbers.length} are; ${proxy.seen.length} requests in ${seconds} s`)
  for (const fault of faults) console.log(`     ${fault}`)
  if (faults.length > 0) console.log(`     ${proxy.seen.map(entry => `${entry.fault}:${entry.status}`).slice(0, 60).join(', ')}`)
  return faults.length === 0
}

async function main () {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'streamgauge_sdk_'))
  const { server, ready } = startServer(path.join(directory, 'data'))
  let good = true
  try {
    const target = await ready
    const all = [...SENDERS, ...TRY_ONCE].filter(one => only.length === 0 || only.includes(one.name))
    const results = await Promise.all(all.map(one => check(one, target)))
    good = all.length > 0 && results.every(Boolean)
  } catch (error) {
    console.error(error)
    good = false
  }
  const gone = new Promise(resolve => server.on('exit', resolve))
  server.kill('SIGTERM')
  await gone
  fs.rmSync(directory, { recursive: true, force: true })
  process.exit(good ? 0 : 1)
}

main()
