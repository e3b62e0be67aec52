package import CronModel
import CronSchedule
import Crypto
import Foundation
import Synchronization

/// Why a sealed text cannot be opened: of no use to whoever asked, and for the operator to mend.
package enum VaultError: Error, Hashable, Sendable {
    /// It was altered, or is another's.
    case damaged(String)
    case store(StoreError)
}

/// Envelope encryption with AES-256-GCM: texts are sealed with their space's data key, data keys with the operator's. What
/// a text is (space, name, version) goes into its seal, so that one cannot be put in another's place.
package final class Vault: Sendable {
    /// Sealed texts begin with it; `1` is the form.
    package static let mark = "sealed:1:"
    private static let dataKeyName = "1"

    private let store: any Store
    private let ring: KeyRing
    /// Data keys as they were last read. They are made once and never changed, only sealed anew.
    private let dataKeys = Mutex<[UserID: SymmetricKey]>([:])

    package init(store: any Store, ring: KeyRing) {
        self.store = store
        self.ring = ring
    }

    package static func isSealed(_ text: String) -> Bool { text.hasPrefix(mark) }

    /// - Parameter what: what the text is, the same when it is opened.
    package func seal(_ text: String, of space: UserID, as what: String) async throws(VaultError) -> String {
        let key = try await dataKey(of: space, makes: true)
        do {
            let box = try AES.GCM.seal(Array(text.utf8), using: key, authenticating: Self.authenticated(space, what))
            guard let combined = box.combined else { throw VaultError.damaged(what) }
            return Self.mark + combined.base64EncodedString()
        } catch {
            throw .damaged(what)
        }
    }

    package func open(_ sealed: String, of space: UserID, as what: String) async throws(VaultError) -> String {
        guard Self.isSealed(sealed), let bytes = Data(base64Encoded: String(sealed.dropFirst(Self.mark.count))) else {
            throw .damaged(what)
        }
        let key = try await dataKey(of: space, makes: false)
        do {
            let box = try AES.GCM.SealedBox(combined: bytes)
            let text = try AES.GCM.open(box, using: key, authenticating: Self.authenticated(space, what))
            return String(decoding: text, as: UTF8.self)
        } catch {
            throw .damaged(what)
        }
    }

    private static func authenticated(_ space: UserID, _ what: String) -> Data { Data("\(space) \(what)".utf8) }
}

// MARK: - Data keys

extension Vault {
    private func dataKey(of space: UserID, makes: Bool) async throws(VaultError) -> SymmetricKey {
        if let known = dataKeys.withLock({ $0[space] }) { return known }
        let key = try await storedKey(of: space, makes: makes)
        dataKeys.withLock { $0[space] = key }
        return key
    }

    private func storedKey(of space: UserID, makes: Bool) async throws(VaultError) -> SymmetricKey {
        do throws(StoreError) {
            if let found = try await store.resource(named: Self.dataKeyName, .dataKey, space: space) {
                return try unwrapped(found)
            }
            guard makes else { throw .corrupt("space \(space) has no data key") }
            do throws(StoreError) {
                return try unwrapped(try await store.createResource(newKey(for: space), audit: nil))
            } catch {
                // Another request was first: its key is the space's.
                guard let found = try await store.resource(named: Self.dataKeyName, .dataKey, space: space) else {
                    throw error
                }
                return try unwrapped(found)
            }
        } catch {
            throw .store(error)
        }
    }

    private func newKey(for space: UserID) throws(StoreError) -> Resource {
        var random = RandomSource()
        let now = store.clock.now
        return Resource(
            id: ResourceID(at: now, using: &random), kind: .dataKey, space: space, name: Self.dataKeyName,
            body: try wrapped(SymmetricKey(size: .bits256), of: space), createdAt: now)
    }

    private func wrapped(_ key: SymmetricKey, of space: UserID) throws(StoreError) -> JSONValue {
        do {
            let bytes = key.withUnsafeBytes { Array($0) }
            let box = try AES.GCM.seal(
                bytes, using: ring.current.key, authenticating: Self.authenticated(space, "data key"))
            guard let combined = box.combined else { throw StoreError.corrupt("a data key was not sealed") }
            return .object(["key": .string(combined.base64EncodedString()), "sealed_by": .string(ring.current.id)])
        } catch {
            throw .corrupt("a data key could not be sealed")
        }
    }

    private func unwrapped(_ resource: Resource) throws(StoreError) -> SymmetricKey {
        guard let id = resource.body["sealed_by"]?.stringValue, let text = resource.body["key"]?.stringValue,
            let bytes = Data(base64Encoded: text)
        else { throw .corrupt("the data key of space \(resource.space) cannot be read") }
        guard let key = ring[id] else {
            throw .misconfigured(
                "the secrets of space \(resource.space) are sealed with the key \(id), which is neither ENCRYPTION_KEY nor among ENCRYPTION_KEYS_ACCEPTED"
            )
        }
        do {
            let box = try AES.GCM.SealedBox(combined: bytes)
            return SymmetricKey(
                data: try AES.GCM.open(
                    box, using: key, authenticating: Self.authenticated(resource.space, "data key")))
        } catch {
            throw .corrupt("the data key of space \(resource.space) does not open")
        }
    }

    /// Seals the data keys that another key has sealed with the one in use; answers how many of how many. Secrets stay as
    /// they are, and other nodes go on: each needs the new key among those that it knows beforehand.
    package func rotate() async throws(StoreError) -> (changed: Int, all: Int) {
        var changed = 0
        var all = 0
        var after: PageCursor?
        repeat {
            let page = try await store.dataKeys(after: after)
            for resource in page.items {
                all += 1
                guard resource.body["sealed_by"]?.stringValue != ring.current.id else { continue }
                let body = try wrapped(try unwrapped(resource), of: resource.space)
                _ = try await store.changeResource(
                    resource.id, .dataKey, space: resource.space, version: resource.version, ResourceChange(body: body),
                    audit: nil)
                changed += 1
            }
            after = page.next
        } while after != nil
        return (changed, all)
    }
}

extension ResourceStore {
    fileprivate func dataKeys(after: PageCursor?) async throws(StoreError) -> Page<Resource> {
        var query = ResourceQuery(.dataKey, spaces: nil)
        query.limit = PageLimit.most
        query.after = after
        return try await resources(query)
    }
}
