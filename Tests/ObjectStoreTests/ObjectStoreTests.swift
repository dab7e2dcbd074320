import ObjectStore
import Testing

@Suite struct ObjectStoreTests {
    @Test func anOutageIsOne() { #expect(StoreError(.outage, "away").isOutage) }
}
