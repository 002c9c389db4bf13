// SPDX-License-Identifier: GPL-3.0-or-later
// One driver for each SDK: sends events numbered 0 to count - 1 to `url`, as an application would, and resolves when the
// SDK has nothing left to send.
'use strict'
const path = require('node:path')

const packages = process.env.STREAMGAUGE_SDK_PACKAGES
const load = name => require(require.resolve(name, { paths: [packages] }))
const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

async function segment (url, count) {
  const { Analytics } = load('@segment/analytics-node')
  const analytics = new Analytics({ writeKey: 'wk_segment', host: url, flushAt: 20, flushInterval: 200, maxRetries: 10 })
  analytics.on('error', () => {})
  for (let n = 0; n < count; n++) {
    analytics.track({ userId: `user-${n % 7}`, event: 'sdk_segment', properties: { n } })
  }
  await analytics.closeAndFlush({ timeout: 40000 })
}

async function rudderstack (url, count) {
  const module = load('@rudderstack/rudder-sdk-node')
  const RudderAnalytics = module.default ?? module
  const analytics = new RudderAnalytics('wk_rudder', { dataPlaneUrl: url, flushAt: 20, flushInterval: 200, logLevel: 'silent' })
  let told = 0
  for (let n = 0; n < count; n++) {
    analytics.track({ userId: `user-${n % 7}`, event: 'sdk_rudderstack', properties: { n } }, () => { told++ })
  }
  while (told < count) {  // a flush sends one batch
    await analytics.flush().catch(() => {})
    await sleep(10)
  }
}

async function posthogWith (mode, url, count, event) {
  if (mode) process.env.POSTHOG_CAPTURE_MODE = mode
  const { PostHog } = load('posthog-node')
  const client = new PostHog('phc_test', {
    host: url, flushAt: 20, flushInterval: 60000, maxBatchSize: 20, fetchRetryCount: 3, fetchRetryDelay: 300,
    disableGeoip: false
  })
  if (mode) delete process.env.POSTHOG_CAPTURE_MODE
  client.on('error', () => {})
  for (let n = 0; n < count; n++) client.capture({ distinctId: `user-${n % 7}`, event, properties: { n } })
  // What a broken connection took stays in the queue until the next flush.
  for (let round = 0; round < 20; round++) {
    try {
      await client.flush()
      break
    } catch {
      await sleep(200)
    }
  }
  await client.shutdown(20000)
}
const posthog = (url, count) => posthogWith(undefined, url, count, 'sdk_posthog')
const posthogV1 = (url, count) => posthogWith('v1', url, count, 'sdk_posthog_v1')

// As much of a browser as the tracker looks at.
function browser () {
  const http = require('node:http')
  globalThis.location = { hostname: 'shop.example', protocol: 'https:', href: 'https://shop.example/home' }
  globalThis.window = { localStorage: {}, innerWidth: 1280 }
  globalThis.document = { referrer: '', addEventListener: () => {} }
  globalThis.XMLHttpRequest = class {
    constructor () { this.headers = {}; this.readyState = 0; this.status = 0 }
    open (method, url) { this.method = method; this.url = url }
    setRequestHeader (name, value) { this.headers[name] = value }
    send (body) {
      const done = status => { this.status = status; this.readyState = 4; this.onreadystatechange?.() }
      const request = http.request(this.url, {
        method: this.method, headers: { ...this.headers, 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0' }
      }, answer => { answer.resume(); answer.on('end', () => done(answer.statusCode)); answer.on('error', () => done(0)) })
      request.on('error', () => done(0))
      request.end(body)
    }
  }
}

async function plausible (url, count) {
  browser()
  const Plausible = load('plausible-tracker').default
  const { trackEvent } = Plausible({ domain: 'shop.example', apiHost: url })
  for (let n = 0; n < count; n++) {
    await new Promise(resolve => trackEvent('sdk_plausible', { callback: resolve, props: { n } }))
  }
}

async function umami (url, count) {
  const { Umami } = load('@umami/node')
  const client = new Umami({ websiteId: '50429a93-8479-4073-be80-d5d29c09c2ec', hostUrl: url })
  for (let n = 0; n < count; n++) {
    await client.send({ website: client.options.websiteId, url: '/', hostname: 'shop.example', name: 'sdk_umami', data: { n } })
      .catch(() => {})
  }
}

async function cloudevents (url, count) {
  const { CloudEvent, emitterFor, httpTransport, Mode } = load('cloudevents')
  const modes = [Mode.BINARY, Mode.STRUCTURED].map(mode => emitterFor(httpTransport(`${url}/`), { mode }))
  for (let n = 0; n < count; n++) {
    const event = new CloudEvent({ id: `c-${n}`, type: 'sdk_cloudevents', source: '/shop', data: { n } })
    await modes[n % 2](event).catch(() => {})
  }
}

async function opentelemetry (url, count) {
  const { LoggerProvider, BatchLogRecordProcessor } = load('@opentelemetry/sdk-logs')
  const { OTLPLogExporter } = load('@opentelemetry/exporter-logs-otlp-http')
  const exporter = new OTLPLogExporter({ url: `${url}/v1/logs`, timeoutMillis: 20000 })
  const processor = new BatchLogRecordProcessor({
    exporter, maxExportBatchSize: 20, maxQueueSize: 2048, scheduledDelayMillis: 100, exportTimeoutMillis: 20000
  })
  const provider = new LoggerProvider({ processors: [processor] })
  const logger = provider.getLogger('sdk')
  for (let n = 0; n < count; n++) {
    logger.emit({ eventName: 'sdk_opentelemetry', body: `record ${n}`, attributes: { n } })
  }
  await provider.forceFlush()
  await provider.shutdown()
}

module.exports = { segment, rudderstack, posthog, posthogV1, plausible, umami, cloudevents, opentelemetry }

// A process of its own for each SDK: node drivers.js NAME URL COUNT.
if (require.main === module) {
  const [name, url, count] = process.argv.slice(2)
  setInterval(() => {}, 1000)  // SDKs do not keep their process alive while they wait to try again
  module.exports[name](url, Number(count)).then(
    () => process.exit(0),
    error => { console.error(`${path.basename(__filename)} ${name}:`, error); process.exit(1) })
}
