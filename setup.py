"""Mounts the top-level folders eval/, scenarios/ and conf/ inside the one import name, drivewm."""

from setuptools import find_namespace_packages, setup

MOUNTED = ("eval", "scenarios", "conf")

packages = find_namespace_packages(include=["drivewm", "drivewm.*"])
package_dir = {"drivewm": "drivewm"}
for folder in MOUNTED:
    package_dir[f"drivewm.{folder}"] = folder
    packages.append(f"drivewm.{folder}")
    packages += [f"drivewm.{folder}.{name}" for name in find_namespace_packages(where=folder)]

setup(packages=packages, package_dir=package_dir)
