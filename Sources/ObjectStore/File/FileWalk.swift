import Glibc

/// A page of a folder's objects, in the order of their keys' bytes.
struct FileWalk {
    static let most = 1000

    let prefix: String
    let after: String?
    private(set) var page = ObjectPage(objects: [], hasMore: false)

    init(prefix: String, after: String?) { (self.prefix, self.after) = (prefix, after) }

    /// - Parameter path: the folder's, with a slash behind where it is not empty.
    mutating func visit(_ folder: borrowing Descriptor, _ path: String) throws(FileFault) {
        var names: [(key: String, name: String)] = []
        for entry in try Self.entries(folder) where !entry.name.hasPrefix(FileTree.hidden) {
            guard let isFolder = Self.isFolder(entry, folder) else { continue }
            // With its slash, as which it counts where a file's name goes on with something before one.
            let key = path + entry.name + (isFolder ? "/" : "")
            let isBegun = isFolder ? key.begins(prefix) || prefix.begins(key) : key.begins(prefix)
            let isAfter = after.map { $0.precedes(key) || (isFolder && $0.begins(key)) } ?? true
            if isBegun, isAfter { names.append((key, entry.name)) }
        }
        for (key, name) in names.sorted(by: { $0.key.precedes($1.key) }) {
            if page.hasMore { return }
            do throws(FileFault) {
                if key.utf8.last == UInt8(ascii: "/") {
                    try visit(try Descriptor(name, at: folder.number, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), key)
                } else {
                    var facts = stat()
                    guard fstatat(folder.number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { throw FileFault.system(errno, name) }
                    guard page.objects.count < Self.most else {
                        page.hasMore = true
                        return
                    }
                    page.objects.append(StoredObject(key: key, bytes: Int64(facts.st_size)))
                }
            } catch {
                if error.code != ENOENT { throw error }  // deleted meanwhile
            }
        }
    }

    /// - Returns: nil for what is neither a file nor a folder.
    private static func isFolder(_ entry: (name: String, kind: UInt8), _ folder: borrowing Descriptor) -> Bool? {
        switch Int(entry.kind) {
        case Int(DT_REG): return false
        case Int(DT_DIR): return true
        case Int(DT_UNKNOWN):
            var facts = stat()
            guard fstatat(folder.number, entry.name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
            return facts.st_mode & S_IFMT == S_IFDIR ? true : facts.st_mode & S_IFMT == S_IFREG ? false : nil
        default: return nil
        }
    }

    /// Those whose names are UTF-8.
    static func entries(_ folder: borrowing Descriptor) throws(FileFault) -> [(name: String, kind: UInt8)] {
        // Of its own: a copy would share the place up to which it has been read.
        let number = openat(folder.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw .system(errno, "open") }
        guard let stream = fdopendir(number) else {
            let code = errno
            close(number)
            throw .system(code, "fdopendir")
        }
        defer { closedir(stream) }
        var entries: [(name: String, kind: UInt8)] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(validatingCString: $0) }
            }
            guard let name, name != ".", name != ".." else { continue }
            entries.append((name, entry.pointee.d_type))
        }
        guard errno == 0 else { throw .system(errno, "readdir") }
        return entries
    }
}
