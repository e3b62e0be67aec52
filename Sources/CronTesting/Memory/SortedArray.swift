/// Values in ascending order, each once: the memory store's index.
package struct SortedArray<Element: Comparable & Sendable>: Sendable {
    package private(set) var elements: [Element] = []

    package init() {}

    package var isEmpty: Bool { elements.isEmpty }
    package var first: Element? { elements.first }

    package mutating func insert(_ element: Element) {
        let index = firstIndex(notBefore: element)
        if index < elements.count, elements[index] == element { return }
        elements.insert(element, at: index)
    }

    package mutating func remove(_ element: Element) {
        let index = firstIndex(notBefore: element)
        if index < elements.count, elements[index] == element { elements.remove(at: index) }
    }

    /// The index of the first element that is not less than `element`.
    package func firstIndex(notBefore element: Element) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle] < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
